// How times, spans and numbers are written. All times are UTC, as the server tells them.

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number) => String(number).padStart(2, "0");

const date = (at) => (at instanceof Date ? at : new Date(at));

export const day = (at) => {
  const d = date(at);
  return `${DAYS[d.getUTCDay()]} ${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]}`;
};

export const clock = (at, seconds = true) => {
  const d = date(at);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}${seconds ? `:${two(d.getUTCSeconds())}` : ""}`;
};

export const moment = (at, seconds = false) => `${day(at)} ${clock(at, seconds)}`;

export const instant = (milliseconds) => new Date(milliseconds).toISOString().replace(".000Z", "Z");

// A span of seconds in its two largest units.
export function span(seconds) {
  if (seconds < 1) return seconds > 0 ? "under 1 s" : "0 s";
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  let left = Math.floor(seconds);
  const parts = units.slice(first, first + 2).map(([name, size]) => {
    const whole = Math.floor(left / size);
    left -= whole * size;
    return whole ? `${whole} ${name}` : "";
  });
  return parts.filter(Boolean).join(" ");
}

export function number(value, digits = 1) {
  if (value === null || value === undefined) return "–";
  return value.toLocaleString("en-GB", { maximumFractionDigits: digits });
}

export const counted = (number_of, one, more = `${one}s`) => `${number(number_of)} ${number_of === 1 ? one : more}`;

export function speed(text) {
  if (text === "max") return "as fast as possible";
  if (text === "stepped") return "stepped";
  const times = Number(text);
  return times === 1 ? "real time" : `${number(times)}×`;
}

// A value of a row, short enough for a line.
export function brief(value) {
  const text = typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

// What a modifier does at full strength.
export function change({ operation, amount }) {
  const shown = number(amount, 4);
  return { multiply: `× ${shown}`, add: `${amount < 0 ? "−" : "+"} ${number(Math.abs(amount), 4)}`, override: `= ${shown}` }[operation] ?? `${operation} ${shown}`;
}
