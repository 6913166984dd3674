// REST, with the token where one is needed.

import { set } from "./store.js";

const KEY = "causeflow.token";

export const token = () => sessionStorage.getItem(KEY);

export class Problem extends Error {
  constructor(status, { detail, title, help, field }) {
    super(detail || title || `the server answered ${status}`);
    this.status = status;
    this.help = help;
    this.field = field;
  }
}

// Asks for a token, once however many requests need it. Nothing comes back when it is not given.
let asked = null;
let refused = false;

// Somebody who gave none is asked again only when they do something.
export const askAgain = () => {
  refused = false;
};

export function askToken() {
  asked ??= new Promise((answer) => set({ asking: { again: Boolean(token()), answer } })).then((given) => {
    refused = !given;
    if (given) sessionStorage.setItem(KEY, given);
    set({ asking: null });
    asked = null;
    return given;
  });
  return asked;
}

async function request(path, options = {}) {
  const used = token();
  const headers = { ...options.headers };
  if (used) headers.authorization = `Bearer ${used}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers, cache: "no-store" });
  } catch {
    throw new Problem(0, { detail: "the server cannot be reached", help: "it is tried again by itself" });
  }
  if (response.status === 401) {
    // Another request may have been given one meanwhile.
    const may = options.method !== undefined || !refused;
    const has = token() !== used || (may && (await askToken()));
    if (has) return request(path, options);
  }
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Problem(response.status, problem);
  }
  return response;
}

const query = (params) => {
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
};

export const get = async (path, params = {}) => (await request(`/api/v1/${path}${query(params)}`)).json();
export const text = async (path) => (await request(path)).text();

// The same key when a request is sent twice, so that it is done once.
const once = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return { "idempotency-key": Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") };
};

export async function post(path, body) {
  const headers = { "content-type": "application/json", ...once() };
  return (await request(`/api/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

export const remove = async (path) => (await request(`/api/v1/${path}`, { method: "DELETE", headers: once() })).json();

export const command = (body) => post("commands", body);
export const preview = (body) => post("commands/preview", body);
