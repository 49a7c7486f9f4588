// Tells the open pages of sessions that somebody may have logged in or out: each looks for itself.
if ("BroadcastChannel" in window) new BroadcastChannel("classdesk-log-in").postMessage("look");
