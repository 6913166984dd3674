// The charts of the streams that were chosen, and the choice.

import { useState } from "preact/hooks";

import { get as ask } from "./api.js";
import { Chart, Legend } from "./chart.jsx";
import { Choice, Field, Panel, Text, useAnswer, Wrong } from "./parts.jsx";
import { charted, choose, refreshOutside, setting } from "./session.js";
import { get, use } from "./store.js";

const RANGES = [[12, "12 hours"], [48, "2 days"], [168, "7 days"], [336, "14 days"]];

function Choose({ streams, chosen }) {
  const [search, setSearch] = useState("");
  const fits = streams.filter((one) => `${one.name} ${one.description}`.toLowerCase().includes(search.toLowerCase()));
  const flip = (name, on) => choose(on ? [...chosen, name] : chosen.filter((one) => one !== name));
  return (
    <details class="choose">
      <summary>Choose streams ({chosen.length} of {streams.length})</summary>
      <Field label="Find a stream"><Text value={search} onText={setSearch} /></Field>
      <fieldset class="checks">
        <legend>Streams with a chart</legend>
        {fits.map((one) => (
          <label key={one.name} title={one.description}>
            <input type="checkbox" checked={chosen.includes(one.name)} onChange={(event) => flip(one.name, event.currentTarget.checked)} />
            {one.name}
          </label>
        ))}
      </fieldset>
    </details>
  );
}

export function Charts() {
  const [streams, state, outside, hours] = [use("streams"), use("state"), use("outside"), use("hours")];
  const [chosen, follow, beat] = [use("chosen") ?? [], use("follow"), use("beat")];
  const names = state ? charted(get()) : [];
  const changed = new Set((state?.interventions ?? []).flatMap((one) => one.modifiers.map((modifier) => modifier.stream)));
  const { value, problem } = useAnswer(
    async () => (names.length ? ask("history", { from: `-${hours}h`, streams: names.join(), resolution: "1h" }) : []),
    [names.join(), hours, beat],
  );
  const found = new Map((value ?? []).map((one) => [one.stream, one.points]));
  const range = (text) => {
    setting("hours", Number(text));
    refreshOutside().catch(() => {});
  };
  return (
    <Panel
      id="charts"
      title="Streams"
      actions={
        <div class="tools">
          <label class="inline">
            <input type="checkbox" checked={follow} onChange={(event) => setting("follow", event.currentTarget.checked)} />
            also those that are changed now
          </label>
          <label class="inline">Last <Choice aria-label="How far back" options={RANGES} value={hours} onChoice={range} /></label>
        </div>
      }
    >
      <Legend />
      <Wrong problem={problem} />
      <div class="charts">
        {names.map((name) => found.has(name) && (
          <Chart
            key={name}
            stream={name}
            points={found.get(name)}
            outside={outside}
            now={state.time}
            changed={changed.has(name)}
            onRemove={chosen.includes(name) ? () => choose(chosen.filter((one) => one !== name)) : null}
          />
        ))}
      </div>
      {!names.length && <p class="note">No stream is chosen.</p>}
      <Choose streams={streams} chosen={chosen} />
    </Panel>
  );
}
