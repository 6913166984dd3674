// What is there: streams with their columns, any part of their history, what is usual, what has moved what, who there is.

import { useState } from "preact/hooks";

import { get as ask } from "./api.js";
import { AllRelations, Entities, RelationsOf } from "./browse.jsx";
import { Chart, Legend } from "./chart.jsx";
import { brief, moment, number } from "./format.js";
import { Effects, OutsideEvent, causal } from "./happened.jsx";
import { Choice, Field, Flag, num, Panel, Table, Text, useAnswer, Wrong } from "./parts.jsx";
import { position } from "./session.js";
import { set, use } from "./store.js";
import { Versions } from "./versions.jsx";

// Events that are looked through for rows of a stream at once: as many as the server gives.
const MOST = 10_000;

function Range({ range, onRange, resolution = true }) {
  const [from, setFrom] = useState(range.from);
  const [to, setTo] = useState(range.to);
  const show = (event) => {
    event.preventDefault();
    onRange({ ...range, from: from.trim(), to: to.trim() });
  };
  return (
    <form class="fields" onSubmit={show}>
      <Field label="From" hint="an instant, day3, or before now: -7d"><Text value={from} onText={setFrom} /></Field>
      <Field label="To" hint="an instant, or now"><Text value={to} onText={setTo} /></Field>
      {resolution && <Field label="By"><Choice options={[["1h", "hours"], ["12h", "half days"]]} value={range.resolution} onChoice={(of) => onRange({ ...range, resolution: of })} /></Field>}
      <button type="submit">Show</button>
    </form>
  );
}

function Timeline({ stream }) {
  const state = use("state");
  const [range, setRange] = useState({ from: "-7d", to: "now", resolution: "1h" });
  const history = useAnswer(() => ask("history", { ...range, streams: stream }), [stream, range.from, range.to, range.resolution, state.epoch]);
  const outside = useAnswer(() => ask("external-events", { from: range.from, to: range.to }), [range.from, range.to, state.epoch]);
  const points = history.value?.find((one) => one.stream === stream)?.points;
  return (
    <>
      <Range range={range} onRange={setRange} />
      <Wrong problem={history.problem ?? outside.problem} />
      <Legend />
      {points && <Chart key={`${stream} ${range.resolution}`} stream={stream} points={points} outside={outside.value ?? []} now={state.time} />}
    </>
  );
}

function Rows({ stream }) {
  const state = use("state");
  const [before, setBefore] = useState(null);
  const { value, problem } = useAnswer(async () => {
    const last = before ?? position().seq;
    const after = Math.max(0, last - MOST);
    const found = await ask("events", { after: `${state.epoch}:${after}`, streams: stream, limit: Math.max(1, last - after) });
    return { ...found, after, last };
  }, [stream, before, state.epoch]);
  const events = (value?.events ?? []).toReversed().slice(0, 100);
  const names = [...new Set(events.flatMap((event) => Object.keys(event.data)))].filter((name) => !["event_id", "time", "timestamp", "root_id"].includes(name));
  return (
    <>
      <Wrong problem={problem} />
      {value && (
        <>
          <Table
            caption={`Rows of ${stream} among the events ${number(value.after + 1)} to ${number(value.last)}, the latest first`}
            head={["When", ...names]}
            rows={events.map((event) => ({
              key: event.seq,
              cells: [
                <button type="button" class="link" aria-label={`Chain of ${stream} at ${moment(event.timestamp, true)}`} onClick={() => set({ opened: { id: event.data.event_id, seq: event.seq } })}>{moment(event.timestamp, true)}</button>,
                ...names.map((name) => (event.data[name] === null || event.data[name] === undefined ? "–" : brief(event.data[name]))),
              ],
            }))}
            empty="None among the last ten thousand events."
          />
          <div class="row">
            <button type="button" disabled={value.after === 0} onClick={() => setBefore(value.after)}>Earlier</button>
            <button type="button" disabled={before === null} onClick={() => setBefore(null)}>The latest</button>
          </div>
        </>
      )}
    </>
  );
}

const SECTIONS = [["timeline", "Timeline"], ["columns", "Columns"], ["rows", "Rows"], ["statistics", "Statistics"], ["relations", "Relations"], ["effects", "What has moved it"]];

function Statistics({ of }) {
  const classes = Object.entries(of ?? {}).filter(([, value]) => value?.classes).flatMap(([resolution, value]) =>
    Object.entries(value.classes).filter(([, figures]) => figures).map(([name, figures]) => ({ resolution, name, ...figures })));
  if (!of) return <p class="note">Nothing is known yet.</p>;
  return (
    <>
      <dl class="facts">
        <div><dt>A day</dt><dd>{number(of.mean_per_day)}</dd></div>
        <div><dt>Trend a month</dt><dd>{number(of.trend_per_month)}</dd></div>
        <div><dt>Daily strength</dt><dd>{number(of.daily_strength, 2)}</dd></div>
        <div><dt>Weekly strength</dt><dd>{number(of.weekly_strength, 2)}</dd></div>
      </dl>
      <Table
        caption="What is usual, by kind of interval"
        head={["Kind", "By", num("Intervals"), num("Mean"), num("Median"), num("Sigma")]}
        rows={classes.map((one) => ({
          key: `${one.resolution} ${one.name}`,
          cells: [one.name, one.resolution, number(one.intervals), number(one.mean, 2), number(one.median, 2), number(one.sigma ?? one.std_dev, 2)],
        }))}
        empty="Not enough has happened yet to say what is usual."
      />
    </>
  );
}

function Stream({ stream, statistics, effects }) {
  const [section, setSection] = useState("timeline");
  return (
    <Panel id="stream" title={stream.name} note={`${stream.domain}, ${stream.cadence} cadence`}>
      <p>{stream.description}</p>
      <div class="group" role="group" aria-label="What to show of it">
        {SECTIONS.map(([id, words]) => <button type="button" key={id} aria-pressed={section === id} onClick={() => setSection(id)}>{words}</button>)}
      </div>
      {section === "timeline" && <Timeline stream={stream.name} />}
      {section === "columns" && (
        <Table
          caption={`Columns of ${stream.name}`}
          head={["Column", "Type", "Unit", "May be empty", "What it means"]}
          rows={stream.columns.map((column) => ({ key: column.name, cells: [column.name, column.type, column.unit ?? "", column.nullable ? "yes" : "", <span class="long">{column.description ?? ""}</span>] }))}
        />
      )}
      {section === "rows" && <Rows stream={stream.name} key={stream.name} />}
      {section === "statistics" && <Statistics of={statistics?.[stream.name]} />}
      {section === "relations" && <RelationsOf stream={stream.name} key={stream.name} />}
      {section === "effects" && <Effects effects={(effects ?? []).filter((one) => one.stream === stream.name)} caption={`What scenarios and external events have done to ${stream.name} so far`} />}
    </Panel>
  );
}

function Outside() {
  const state = use("state");
  const [range, setRange] = useState({ from: "-7d", to: "now" });
  const { value, problem } = useAnswer(() => ask("external-events", range), [range.from, range.to, state.epoch]);
  return (
    <Panel id="all-outside" title="External events">
      <Range range={range} onRange={setRange} resolution={false} />
      <Wrong problem={problem} />
      <Table
        caption="External events in this time, the latest first; each opens what it has done"
        head={["Event", "When", "Type", "Severity", "Expected", "In truth"]}
        rows={(value ?? []).toReversed().map((event) => ({
          key: event.id,
          cells: [
            <button type="button" class="link" onClick={() => set({ opened: { outside: event } })}>{event.title}</button>,
            moment(event.time), event.type, <Flag flag={event.severity} />,
            <span class="long">{event.expected_direction} of {event.expected_streams.slice(0, 3).join(", ")}{event.expected_streams.length > 3 && ` and ${event.expected_streams.length - 3} more`}</span>, causal(event),
          ],
        }))}
      />
    </Panel>
  );
}

function AllEffects({ effects }) {
  const [cause, setCause] = useState("");
  const causes = [...new Set(effects.map((one) => one.cause))];
  const known = causes.includes(cause) ? cause : "";
  return (
    <Panel id="all-effects" title="Effects" note="in whole hours, so far">
      <label class="inline">Of <Choice aria-label="Effects of what" options={[["", "everything"], ...causes]} value={known} onChoice={setCause} /></label>
      <Effects effects={effects.filter((one) => !known || one.cause === known)} caption={`What ${known || "scenarios and external events"} did to streams`} />
    </Panel>
  );
}

export function Inspector() {
  const [streams, state] = [use("streams"), use("state")];
  const [name, setName] = useState(null);
  const hour = state?.time.slice(0, 13);
  const statistics = useAnswer(() => ask("statistics"), [state?.epoch, hour]);
  const effects = useAnswer(() => ask("effects"), [state?.epoch, hour]);
  if (!state || !streams.length) return <p class="note">Waiting for the server…</p>;
  const stream = streams.find((one) => one.name === name) ?? streams[0];
  return (
    <div class="inspector">
      <Panel id="all-streams" title="Streams" note={`${streams.length} of them`}>
        <Wrong problem={statistics.problem ?? effects.problem} />
        <Table
          caption="All streams; each opens below or beside"
          head={["Stream", "Cadence", num("A day"), num("Day"), num("Week")]}
          rows={streams.map((one) => {
            const of = statistics.value?.[one.name];
            return {
              key: one.name,
              className: one === stream ? "here" : "",
              cells: [
                <button type="button" class="link" aria-current={one === stream ? "true" : undefined} onClick={() => setName(one.name)}>{one.name}</button>,
                one.cadence, number(of?.mean_per_day), number(of?.daily_strength, 2), number(of?.weekly_strength, 2),
              ],
            };
          })}
        />
      </Panel>
      <div class="column">
        <Stream stream={stream} statistics={statistics.value} effects={effects.value} />
        <AllRelations />
        <Entities />
        <AllEffects effects={effects.value ?? []} />
        <Outside />
        <Versions />
      </div>
    </div>
  );
}
