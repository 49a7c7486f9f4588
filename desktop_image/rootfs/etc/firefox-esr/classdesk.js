// Firefox on a virtual screen without GPU, with its profile in a home that may have a small quota.
pref("gfx.webrender.software", true);
pref("layers.acceleration.disabled", true);
pref("media.hardware-video-decoding.enabled", false);
pref("general.smoothScroll", false); // each step of a smooth scroll is a picture sent to the learner
pref("ui.prefersReducedMotion", 1);
pref("browser.cache.disk.enable", false);
pref("browser.sessionstore.resume_from_crash", false);
pref("browser.startup.couldRestoreSession.count", -1); // no bar that offers the last session's tabs
pref("browser.sessionstore.interval", 600000);
pref("dom.ipc.processCount", 2); // memory: a page here is a dashboard, not a hundred tabs
pref("dom.ipc.processPrelaunch.enabled", false);
pref("browser.aboutwelcome.enabled", false);
pref("browser.shell.checkDefaultBrowser", false);
pref("browser.tabs.firefox-view", false);
pref("datareporting.policy.dataSubmissionEnabled", false);
pref("toolkit.telemetry.reportingpolicy.firstRun", false);
pref("browser.safebrowsing.malware.enabled", false); // lists of several MB that each learner would download
pref("browser.safebrowsing.phishing.enabled", false);
pref("network.connectivity-service.enabled", false);
pref("app.normandy.enabled", false);
pref("extensions.getAddons.cache.enabled", false);
pref("browser.region.update.enabled", false);
pref("browser.translations.enable", false); // build/repack leaves out what guesses languages
