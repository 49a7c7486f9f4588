// What the browser remembers of a learner's choices. One without storage forgets them, and nothing else.

export function remembered(name, usual = null) {
  try {
    return localStorage.getItem(`classdesk-${name}`) ?? usual;
  } catch {
    return usual;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`classdesk-${name}`, value);
  } catch {
    // See above.
  }
}
