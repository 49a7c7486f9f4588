// What the pane asks the session.

import { call, read, request } from "../common/page.js";

export function allLessons() {
  return read("desktop/lessons");
}

export function oneLesson(name) {
  return read(`desktop/lessons/${encodeURIComponent(name)}`);
}

/** @param {"check"|"open"|"solution"} what to do; @param {string} name of the exercise or the file */
export function act(lesson, what, name) {
  return request(`desktop/lessons/${encodeURIComponent(lesson)}/${what}`, { what: name });
}

/** An address by which this page shows a picture of the session's; empty where there is none. */
export async function pictureUrl(source) {
  const base = document.body.dataset.baseUrl;
  if (!source?.startsWith(base)) return "";
  try {
    const response = await call(source.slice(base.length));
    return response.ok ? URL.createObjectURL(await response.blob()) : "";
  } catch {
    return "";
  }
}
