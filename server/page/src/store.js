// What the page knows: one value, and whoever wants to hear of its changes.

import { useEffect, useState } from "preact/hooks";

const kept = (key, otherwise) => {
  try {
    return JSON.parse(localStorage.getItem(`causeflow.${key}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
};

export const keep = (key, value) => {
  try {
    localStorage.setItem(`causeflow.${key}`, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing forgets the choice with the page.
  }
};

let value = {
  connection: { status: "connecting" },
  state: null,
  clock: null,
  clients: null,
  streams: [],
  scenarios: [],
  templates: [],
  anomalies: [],
  outside: [],
  versions: [],
  events: [],
  missed: 0,
  // Rises when there is something new about the streams that are looked at.
  beat: 0,
  chosen: kept("chosen", null),
  follow: kept("follow", true),
  hours: kept("hours", 48),
  watching: kept("watching", "charts"),
  said: "",
  opened: null,
  asking: null,
};

const listeners = new Set();

export const get = () => value;

export function set(patch) {
  value = { ...value, ...patch };
  for (const listener of [...listeners]) listener();
}

// Part of the value, for a component that is drawn anew when that part changes.
export function use(key) {
  const [part, setPart] = useState(value[key]);
  useEffect(() => {
    const listener = () => setPart(value[key]);
    listeners.add(listener);
    listener();
    return () => listeners.delete(listener);
  }, [key]);
  return part;
}

export function listen(listener) {
  listeners.add(listener);
}

const TOLD = 10_000;
let silent = null;

// Tells everybody, also those who hear the page, and is gone after some time.
export function say(said) {
  set({ said });
  clearTimeout(silent);
  silent = setTimeout(() => set({ said: "" }), TOLD);
}
