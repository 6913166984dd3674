// What has happened: unusual hours, external events, single events, and the chain of one of them.

import { useEffect, useState } from "preact/hooks";

import { get as ask } from "./api.js";
import { brief, counted, instant, moment, number } from "./format.js";
import { Choice, Dialog, Flag, Name, num, Panel, Table, useAnswer, Wrong } from "./parts.jsx";
import { choose, setting } from "./session.js";
import { get, set, use } from "./store.js";

const LAST = 12;
// External events that come by themselves are told so long before they happen.
const AHEAD = 6 * 3.6e6;
// What every row has; the rest is what it says itself.
const COMMON = ["event_id", "time", "timestamp", "cause_id", "root_id", "cell", "attribution", "schema_version"];

export function Anomalies() {
  const [anomalies, chosen] = [use("anomalies"), use("chosen") ?? []];
  return (
    <Panel id="anomalies" title="Last anomalies" note="whole hours that were unusual">
      <Table
        id="anomalies-table"
        caption="Hours of streams that turned warning or critical, the latest first"
        head={["Stream", "Hour", num("Events"), "Score"]}
        rows={anomalies.slice(0, LAST).map((one) => ({
          key: `${one.stream} ${one.interval_start}`,
          cells: [
            chosen.includes(one.stream) ? <Name of={one.stream} /> : <button type="button" class="link" title="Show its chart" onClick={() => choose([...get().chosen, one.stream])}><Name of={one.stream} /></button>,
            moment(one.interval_start), number(one.value), <span>{number(one.normalized_value)} <Flag flag={one.anomaly_flag} /></span>,
          ],
        }))}
        empty="None so far."
      />
    </Panel>
  );
}

export const causal = (event) => (event.is_causal ? "moves streams" : "moves nothing");

export function Outside() {
  const [outside, state] = [use("outside"), use("state")];
  const now = state?.time ?? "";
  // What was put in is shown however far ahead it lies.
  const soon = instant(Date.parse(now || 0) + AHEAD);
  const rows = outside.filter((event) => event.injected || event.time < soon).sort((a, b) => (a.time < b.time ? 1 : -1));
  return (
    <Panel id="outside" title="External events" note="as marked in the charts">
      <Table
        id="outside-table"
        caption="External events, planned ones first"
        head={["Event", "When", "Severity", "In truth"]}
        rows={rows.map((event) => ({
          key: event.id,
          className: event.time > now ? "ahead" : "",
          cells: [
            <button type="button" class="link" onClick={() => set({ opened: { outside: event } })}>{event.title}</button>,
            <span class="wrap">{moment(event.time)}{event.time > now && " (ahead)"}</span>,
            <Flag flag={event.severity} />, <span class="wrap">{causal(event)}{event.injected ? ", put in" : ""}</span>,
          ],
        }))}
        empty="None in this time."
      />
    </Panel>
  );
}

export function OutsideEvent({ event, onClose }) {
  const { value, problem } = useAnswer(() => ask("effects"), [event.id]);
  const mine = (value ?? []).filter((one) => one.cause === (event.attribution ?? event.injected_by));
  return (
    <Dialog title={event.title} onClose={onClose} wide>
      <p>{event.description}</p>
      <p class="note">
        {moment(event.time, true)}, {event.type}, template {event.template}. Expected: {event.expected_direction}, {event.expected_magnitude},
        {" "}of {event.expected_streams.join(", ")}, {event.expected_delay} later, for {event.expected_duration}. In truth it {causal(event)}.
      </p>
      <Wrong problem={problem} />
      {value && <Effects effects={mine} caption={`What ${event.attribution ?? event.injected_by ?? "it"} has done to streams so far`} />}
    </Dialog>
  );
}

export function Effects({ effects, caption }) {
  return (
    <Table
      caption={caption}
      head={["Cause", "Stream", num("Added"), num("Removed"), num("Changed"), num("By contention"), num("From h"), num("To h")]}
      rows={effects.map((one) => ({
        key: `${one.cause} ${one.stream}`,
        cells: [one.cause, one.stream, number(one.added), number(one.removed), number(one.changed), number(one.contention), number(one.first_after_h), number(one.last_after_h)],
      }))}
      empty="Nothing so far."
    />
  );
}

// What a row says, identities last.
function facts(data) {
  const own = Object.entries(data).filter(([name, value]) => !COMMON.includes(name) && value !== null);
  const isId = ([name]) => name.endsWith("_id");
  return [...own.filter((one) => !isId(one)), ...own.filter(isId)];
}

export function Events() {
  const [events, streams, watching, missed] = [use("events"), use("streams"), use("watching"), use("missed")];
  const [held, setHeld] = useState(null);
  // Rows do not move away from whoever is about to choose one.
  const [kept, setKept] = useState(null);
  const shown = held ?? kept ?? events;
  const domains = [...new Set(streams.map((one) => one.name.split(".")[0]))];
  const choices = [["charts", "streams with a chart"], ["*", "all streams"], ...domains.map((domain) => [`${domain}.*`, `${domain}.*`]), ...streams.map((one) => one.name)];
  const fits = (event) => watching === "charts" || watching === "*" || event.stream === watching || (watching.endsWith("*") && event.stream.startsWith(watching.slice(0, -1)));
  const rows = shown.filter(fits).slice(0, 60);
  return (
    <Panel
      id="events"
      title="Live events"
      note={missed ? `${number(missed)} were left out, to keep up` : ""}
      actions={
        <div class="tools">
          <label class="inline">Of <Choice aria-label="Events of which streams" options={choices} value={watching} onChoice={(value) => setting("watching", value)} /></label>
          <button type="button" aria-pressed={Boolean(held)} onClick={() => setHeld(held ? null : events)}>Hold</button>
        </div>
      }
    >
      <div onMouseEnter={() => setKept(events)} onMouseLeave={() => setKept(null)} onFocusIn={() => setKept(events)} onFocusOut={() => setKept(null)}>
      <Table
        id="events-table"
        caption="The last events, the latest first; each opens its causal chain"
        head={["When", "Stream", "What", "Because of"]}
        rows={rows.map((event) => ({
          key: event.seq,
          cells: [
            <button type="button" class="link" aria-label={`Chain of ${event.stream} at ${moment(event.timestamp, true)}`} onClick={() => set({ opened: { id: event.data.event_id, seq: event.seq } })}>{moment(event.timestamp, true)}</button>,
            event.stream,
            <span class="what">{facts(event.data).slice(0, 4).map(([name, value]) => <span key={name}><i>{name}</i> {brief(value)} </span>)}</span>,
            event.data.attribution ?? "",
          ],
        }))}
        empty="None yet: they come as the clock goes."
      />
      </div>
    </Panel>
  );
}

function Node({ link, here, onOpen }) {
  return (
    <div class={`node ${here ? "here" : ""}`}>
      <span class="when">{moment(link.timestamp, true)}</span>{" "}
      {here ? <strong>{link.stream}</strong> : <button type="button" class="link" onClick={() => onOpen({ id: link.event_id, seq: link.seq })}>{link.stream}</button>}
      {link.data.attribution && <span class="flag scenario">{link.data.attribution}</span>}
    </div>
  );
}

// Effects below what they follow from.
function Below({ of, effects, onOpen, depth = 0 }) {
  const own = effects.filter((link) => link.cause_id === of);
  if (!own.length || depth > 20) return null;
  return (
    <ul class="tree">
      {own.slice(0, 50).map((link) => (
        <li key={link.event_id}>
          <Node link={link} onOpen={onOpen} />
          <Below of={link.event_id} effects={effects} onOpen={onOpen} depth={depth + 1} />
        </li>
      ))}
      {own.length > 50 && <li class="note">and {own.length - 50} more</li>}
    </ul>
  );
}

// Causes above what follows from them: the first cause is the root of the tree.
function Above({ links, children, onOpen }) {
  const [link, ...rest] = links;
  if (!link) return children;
  return (
    <ul class="tree">
      <li>
        <Node link={link} onOpen={onOpen} />
        <Above links={rest} onOpen={onOpen}>{children}</Above>
      </li>
    </ul>
  );
}

export function Chain({ opened, onClose }) {
  const [at, setAt] = useState(opened);
  const [within, setWithin] = useState("1d");
  useEffect(() => setAt(opened), [opened.id]);
  const { value, problem } = useAnswer(() => ask(`events/${at.id}`, { seq: at.seq, within }), [at.id, within]);
  return (
    <Dialog title="Causal chain" onClose={onClose} wide>
      <label class="inline">Followed up and down for <Choice aria-label="How far the chain is followed" options={[["1d", "a day"], ["3d", "3 days"], ["7d", "7 days"]]} value={within} onChoice={setWithin} /></label>
      <Wrong problem={problem} />
      <div aria-live="polite" aria-busy={!value && !problem}>
        {!value && !problem && <p class="note">Looking…</p>}
        {value && (
          <>
            <p class="note">
              {counted(value.causes.length, "cause")}, {counted(value.effects.length, "event that follows", "events that follow")} so far.
              {value.lost && " The chain goes further back than was looked."}
            </p>
            <div class="chain scroll" tabIndex={0} role="region" aria-label="The chain">
              <Above links={value.causes.toReversed()} onOpen={setAt}>
                <ul class="tree">
                  <li>
                    <Node link={value.event} here />
                    <Below of={value.event.event_id} effects={value.effects} onOpen={setAt} />
                  </li>
                </ul>
              </Above>
            </div>
            <h3>{value.event.stream}, number {value.event.seq}</h3>
            <dl class="row-data">
              {Object.entries(value.event.data).map(([name, of]) => <div key={name}><dt>{name}</dt><dd>{of === null ? "–" : typeof of === "object" ? JSON.stringify(of) : String(of)}</dd></div>)}
            </dl>
          </>
        )}
      </div>
    </Dialog>
  );
}
