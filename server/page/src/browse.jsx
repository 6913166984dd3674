// Who there is, and what follows from what, with how often it was measured.

import { useState } from "preact/hooks";

import { get as ask } from "./api.js";
import { brief, counted, moment, number, span } from "./format.js";
import { Choice, Dialog, Name, num, Panel, Table, useAnswer, useTask, Wrong } from "./parts.jsx";
import { set, use } from "./store.js";

const PAGE = 50;
const STRETCHES = [["6h", "6 hours"], ["1d", "a day"], ["2d", "two days"], ["7d", "a week"]];

const percent = (rate) => (rate === null ? "–" : `${number(rate * 100, 2)} %`);
const measured = (one) => (one.rate !== null || one.rate_so_far === null ? percent(one.rate) : `${percent(one.rate_so_far)} so far`);
const shown = (value) => (value === null || value === undefined ? "–" : brief(value));
const isTime = (value) => typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value);

function Relations({ of, caption }) {
  return (
    <Table
      caption={`${caption}, over ${counted(of.events, "event")} from ${moment(of.from)} to ${moment(of.to)}`}
      head={["Cause", "Effect", num("Measured"), "The model says", num("Causes"), num("With effect"), num("Effects"), num("Median delay")]}
      rows={of.relations.map((one) => ({
        key: `${one.cause} ${one.effect}`,
        cells: [
          <Name of={one.cause} />, <Name of={one.effect} />, measured(one), <span class="long">{one.stated}</span>,
          number(one.causes), number(one.with_effect), number(one.effects), one.median_delay_s === null ? "–" : span(one.median_delay_s),
        ],
      }))}
      empty="Nothing follows from it, and it follows from nothing."
    />
  );
}

const ABOUT = "Measured: of the causes whose time is over, the share that had the effect; so far, where the time of none is over, or nobody can tell.";

// Those of one stream, measured when they are looked at.
export function RelationsOf({ stream }) {
  const state = use("state");
  const [within, setWithin] = useState("1d");
  const { value, problem } = useAnswer(() => ask("relations", { streams: stream, within }), [stream, within, state.epoch]);
  return (
    <>
      <label class="inline">Over <Choice aria-label={`Over how long relations of ${stream} are measured`} options={STRETCHES} value={within} onChoice={setWithin} /></label>
      <Wrong problem={problem} />
      {value ? <Relations of={value} caption={`Relations of ${stream}`} /> : !problem && <p class="note">Being measured…</p>}
      <p class="note">{ABOUT}</p>
    </>
  );
}

export function AllRelations() {
  const [within, setWithin] = useState("1d");
  const [value, setValue] = useState(null);
  const { busy, problem, run } = useTask();
  const measure = () => run(async () => setValue(await ask("relations", { within })));
  return (
    <Panel id="all-relations" title="Relations" note="what follows from what">
      <div class="row">
        <label class="inline">Over <Choice aria-label="Over how long relations are measured" options={STRETCHES} value={within} onChoice={setWithin} /></label>
        <button type="button" disabled={busy} onClick={measure}>{busy ? "Being measured…" : "Measure"}</button>
      </div>
      <Wrong problem={problem} />
      {value && <Relations of={value} caption="Relations between streams" />}
      <p class="note">{ABOUT}</p>
    </Panel>
  );
}

const cell = (value) => {
  if (typeof value === "number") return number(value, 4);
  return isTime(value) ? moment(value) : shown(value);
};

function Rows({ kind }) {
  const [state, setState] = useState("");
  const [after, setAfter] = useState("");
  const of = use("state");
  const { value, problem } = useAnswer(() => ask(`entities/${encodeURIComponent(kind.name)}`, { state, after, limit: PAGE }), [kind.name, state, after, of.epoch, of.time.slice(0, 13)]);
  const columns = kind.columns.map((column) => column.name).filter((name) => name !== `${kind.name}_id`);
  const choose = (chosen) => {
    setState(chosen);
    setAfter("");
  };
  return (
    <>
      <label class="inline">In the state <Choice aria-label={`State of ${kind.name}`} options={[["", `any (${number(kind.count)})`], ...kind.states.map((one) => [one.state, `${one.state} (${number(one.count)})`])]} value={state} onChoice={choose} /></label>
      <Wrong problem={problem} />
      {value && (
        <>
          <Table
            caption={`${kind.name}: ${counted(value.count, "row")}, by id, as of ${moment(value.as_of)}; each opens its events`}
            head={[`${kind.name}_id`, ...columns]}
            rows={value.rows.map((row) => {
              const id = row[`${kind.name}_id`];
              return {
                key: id,
                cells: [<button type="button" class="link" onClick={() => set({ opened: { entity: { kind: kind.name, id } } })}>{id}</button>, ...columns.map((name) => cell(row[name]))],
              };
            })}
            empty="None."
          />
          <div class="row">
            <button type="button" disabled={!value.next} onClick={() => setAfter(value.next)}>Next</button>
            <button type="button" disabled={!after} onClick={() => setAfter("")}>The first</button>
          </div>
        </>
      )}
    </>
  );
}

export function Entities() {
  const state = use("state");
  const [name, setName] = useState(null);
  const { value, problem } = useAnswer(() => ask("entities"), [state.epoch, state.time.slice(0, 13)]);
  const kind = value?.kinds.find((one) => one.name === name) ?? value?.kinds[0];
  return (
    <Panel id="entities" title="Entities" note={value ? `as of ${moment(value.as_of)}` : ""}>
      <Wrong problem={problem} />
      {kind && (
        <>
          <div class="group" role="group" aria-label="Kinds of entities">
            {value.kinds.map((one) => <button type="button" key={one.name} aria-pressed={one === kind} onClick={() => setName(one.name)}>{one.name} ({number(one.count)})</button>)}
          </div>
          <Rows kind={kind} key={kind.name} />
        </>
      )}
    </Panel>
  );
}

export function Entity({ of: { kind, id }, onClose }) {
  const [within, setWithin] = useState("1d");
  const { value, problem } = useAnswer(() => ask(`entities/${encodeURIComponent(kind)}/${id}`, { within }), [kind, id, within]);
  return (
    <Dialog title={`${kind} ${id}`} onClose={onClose} wide>
      <Wrong problem={problem} />
      {value?.row && (
        <>
          <p class="note">As of {moment(value.as_of)}.</p>
          <dl class="row-data">
            {Object.entries(value.row).map(([name, of]) => <div key={name}><dt>{name}</dt><dd>{isTime(of) ? moment(of, true) : of === null ? "–" : String(of)}</dd></div>)}
          </dl>
        </>
      )}
      {value && !value.row && <p class="note">It has come after the last barrier, as of which rows are known.</p>}
      <label class="inline">Its events of the last <Choice aria-label="How far back its events are looked for" options={STRETCHES} value={within} onChoice={setWithin} /></label>
      {value && (
        <Table
          caption={`${counted(value.count, "event")} since ${moment(value.from)}, the latest first${value.count > value.events.length ? `; the last ${value.events.length} are shown` : ""}. Each opens its causal chain`}
          head={["When", "Stream", "Because of"]}
          rows={value.events.map((event) => ({
            key: event.seq,
            cells: [
              <button type="button" class="link" aria-label={`Chain of ${event.stream} at ${moment(event.timestamp, true)}`} onClick={() => set({ opened: { id: event.event_id, seq: event.seq } })}>{moment(event.timestamp, true)}</button>,
              event.stream, event.data.attribution ?? "",
            ],
          }))}
          empty="None in this time."
        />
      )}
      {!value && !problem && <p class="note">Being looked up…</p>}
    </Dialog>
  );
}
