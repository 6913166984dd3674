// What goes on between the page and the server: everything that is asked for, and when.

import { askAgain, get as ask } from "./api.js";
import { moment } from "./format.js";
import { Connection } from "./live.js";
import { get, keep, listen, say, set } from "./store.js";

const NOTICES = ["state", "anomalies", "twin:diff", "versions"];
const EVENTS = 150;
const SHOWN_EVERY = 250;
const POLLED_EVERY = 1000;

let connection;

// Does something soon, once however often it is asked for, and not again before it has been done.
function soon(work, wait) {
  let timer = null;
  let again = false;
  const start = () => {
    timer = setTimeout(async () => {
      again = false;
      await work().catch(() => {});
      timer = null;
      if (again) start();
    }, wait);
  };
  return () => {
    again = true;
    if (timer === null) start();
  };
}

const before = { status: null, name: null };

function announce(state) {
  const scenario = state.interventions.find((one) => one.scenario);
  const title = (id) => get().scenarios.find((one) => one.id === id)?.name ?? id;
  if (before.status && before.status !== state.status) {
    const name = scenario ? title(scenario.scenario) : before.name;
    const words = {
      running: `Running: ${name ?? "a scenario"} is active.`,
      settling: `Settling: ${name ?? "what acted"} lets go.`,
      baseline: "Baseline: nothing that was asked for acts any more.",
    };
    say(words[state.status]);
  }
  before.status = state.status;
  before.name = scenario ? title(scenario.scenario) : before.name;
}

function stand(state) {
  announce(state);
  set({ state });
}

export const refreshState = async () => {
  const [state, clock] = await Promise.all([ask("state"), ask("clock")]);
  stand(state);
  set({ clock });
};

// As many as can be looked through.
const refreshClients = async () => set({ clients: await ask("clients", { limit: 50 }) });

export const refreshOutside = async () => {
  const { state, hours } = get();
  if (!state) return;
  const from = Math.max(Date.parse(state.start), Date.parse(state.time) - hours * 3.6e6);
  const to = Date.parse(state.time) + 168 * 3.6e6;
  set({ outside: await ask("external-events", { from: new Date(from).toISOString(), to: new Date(to).toISOString() }) });
};

export const refreshScenarios = async () => {
  const [scenarios, templates] = await Promise.all([ask("scenarios"), ask("external-events/templates")]);
  set({ scenarios, templates });
};

export const refreshVersions = async () => set({ versions: await ask("versions") });

const anomaliesSoon = soon(async () => set({ anomalies: await ask("anomalies") }), 500);
const outsideSoon = soon(refreshOutside, 500);
const versionsSoon = soon(refreshVersions, 500);
export const chartsSoon = soon(async () => set({ beat: get().beat + 1 }), 900);

// Everything anew, at the beginning and when what was seen does not hold any more.
export async function refresh() {
  const streams = await ask("streams");
  set({ streams, chosen: get().chosen?.filter((name) => streams.some((one) => one.name === name)) ?? first(streams) });
  await refreshScenarios();
  await refreshState();
  await Promise.all([refreshOutside(), refreshClients()]);
  anomaliesSoon();
  chartsSoon();
}

// One stream of each domain, the busiest kind first.
function first(streams) {
  const order = ["high", "medium", "low"];
  const busy = [...streams].sort((a, b) => order.indexOf(a.cadence) - order.indexOf(b.cadence));
  const domains = [...new Set(streams.map((one) => one.domain))];
  return domains.map((domain) => busy.find((one) => one.domain === domain).name).slice(0, 4);
}

// The streams that have a chart: those that were chosen, and those that are being changed.
export function charted({ chosen, follow, state }) {
  const changed = follow && state ? state.interventions.flatMap((one) => one.modifiers.map((modifier) => modifier.stream)) : [];
  const known = new Set(get().streams.map((one) => one.name));
  return [...new Set([...changed, ...(chosen ?? [])])].filter((name) => known.has(name));
}

export function choose(chosen) {
  keep("chosen", chosen);
  set({ chosen });
}

export function setting(key, value) {
  keep(key, value);
  set({ [key]: value });
}

function wanted() {
  const { watching, streams } = get();
  const names = charted(get());
  const topics = watching === "charts" ? names : [watching, ...names];
  return streams.length ? [...topics, ...NOTICES] : NOTICES;
}

let waiting = [];
let shown = null;

function hear(events) {
  waiting.push(...events);
  if (waiting.length > EVENTS) waiting = waiting.slice(-EVENTS);
  shown ??= setTimeout(() => {
    set({ events: [...waiting.reverse(), ...get().events].slice(0, EVENTS) });
    waiting = [];
    shown = null;
  }, SHOWN_EVERY);
  chartsSoon();
}

let hour = null;

export async function begin() {
  // What can be looked at has to be known first.
  await refresh().catch((problem) => say(problem.message));
  let topics = wanted().join();
  connection = new Connection(wanted(), {
    status(status, again) {
      const had = get().connection.status;
      set({ connection: { status, again } });
      if (status === "lost" && had === "live") say("The connection to the server is lost. It is tried again by itself.");
      if (status !== "live") return;
      if (had === "lost") say("The connection is back; nothing was missed.");
      if (had === "lost" || !get().streams.length) refresh().catch(() => {});
    },
    events: hear,
    time(time) {
      const { clock } = get();
      if (clock) set({ clock: { ...clock, time } });
      const now = time.slice(0, 13);
      if (hour !== null && now !== hour) {
        chartsSoon();
        outsideSoon();
      }
      hour = now;
    },
    state({ state }) {
      stand(state);
      chartsSoon();
      outsideSoon();
    },
    // What happened between the first look and the first word is looked for once more.
    subscribed() {
      anomaliesSoon();
      versionsSoon();
    },
    anomaly: anomaliesSoon,
    version: versionsSoon,
    "twin:diff": chartsSoon,
    notices() {
      anomaliesSoon();
      outsideSoon();
      versionsSoon();
      refreshState().catch(() => {});
    },
    gap(from, to) {
      set({ missed: get().missed + to - from + 1 });
    },
    reset(reason) {
      waiting = [];
      set({ events: [], anomalies: [], missed: 0 });
      say(`Everything begins anew: ${reason}.`);
      refresh().catch(() => {});
    },
    closing(reason) {
      say(`The connection ends: ${reason}. It is tried again by itself.`);
    },
  });
  listen(() => {
    const now = wanted();
    if (now.join() === topics) return;
    topics = now.join();
    connection.watch(now);
    chartsSoon();
  });
  let count = 0;
  setInterval(() => {
    if (document.hidden || get().connection.status !== "live") return;
    refreshState().catch(() => {});
    if (count++ % 4 === 0) refreshClients().catch(() => {});
  }, POLLED_EVERY);
}

// Where the page is in the order of events.
export const position = () => {
  const [epoch, seq] = connection?.position ?? ["", 0];
  return { epoch, seq };
};

export function again() {
  askAgain();
  connection.now();
}

// After something was done: says so, and shows how the session stands now.
export function done(words, { state, warnings }) {
  stand(state);
  say([words, ...warnings.map((one) => `Conflict: ${one}.`)].join(" "));
  chartsSoon();
  outsideSoon();
  return moment(state.time, true);
}
