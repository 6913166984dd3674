// Scenarios: what there is, what each would do, and the buttons that start, stop and take back.

import { useState } from "preact/hooks";

import { command, preview, text } from "./api.js";
import { Preview } from "./effects.jsx";
import { counted, moment } from "./format.js";
import { Dialog, download, OpenFile, Panel, Text, useAnswer, useTask, Wrong } from "./parts.jsx";
import { SaveActing } from "./saving.jsx";
import { done, refreshScenarios } from "./session.js";
import { use } from "./store.js";

export const told = (entry) => {
  const what = { scenario: entry.scenario, inject: entry.title ?? entry.template ?? entry.definition?.title ?? "an external event", define: "a scenario of one's own" }[entry.command];
  const of = what ?? entry.intervention ?? entry.name;
  return `${entry.command}${of ? `: ${of}` : ""}${entry.version ? ` (version ${entry.version.name})` : ""}`;
};

async function journal() {
  const lines = (await text("/api/v1/journal")).trim().split("\n").slice(1);
  return lines.map((line) => JSON.parse(line));
}

function Reset({ onClose }) {
  const state = use("state");
  const { busy, problem, run } = useTask();
  const { value } = useAnswer(journal, []);
  const last = (value ?? []).findLastIndex((entry) => entry.command === "reset");
  const cleared = (value ?? []).slice(last + 1);
  const reset = () => run(async () => {
    done("The world is back at its baseline.", await command({ command: "reset" }));
    onClose();
  });
  return (
    <Dialog title="Reset to the baseline?" onClose={onClose}>
      <p>The world becomes the one without any of what was done to it, and always was. The clock stays where it is. This will be cleared:</p>
      <ul>
        <li>
          {state.interventions.length ? "What acts now: " : "Nothing acts now."}
          {state.interventions.map((one) => one.name).join(", ")}
        </li>
        <li>
          {cleared.length ? `${counted(cleared.length, "command")} since ${last < 0 ? "the beginning" : "the last reset"}:` : "No command was given since the last reset."}
          <ul>
            {cleared.slice(-8).reverse().map((entry, at) => <li key={at}>{moment(entry.at)}: {told(entry)}</li>)}
            {cleared.length > 8 && <li>and {cleared.length - 8} before these</li>}
          </ul>
        </li>
        <li>Epoch <span class="code">{state.epoch}</span>: positions of it end, and all clients are told to begin anew. The journal keeps everything.</li>
      </ul>
      <Wrong problem={problem} />
      <div class="row end">
        <button type="button" onClick={onClose}>Keep it</button>
        <button type="button" class="danger" disabled={busy} onClick={reset}>Reset to the baseline</button>
      </div>
    </Dialog>
  );
}

export function Steer() {
  const state = use("state");
  const [asking, setAsking] = useState(null);
  const { busy, problem, run } = useTask();
  const acts = state?.interventions.some((one) => one.state === "active");
  const active = state?.interventions.some((one) => one.scenario && one.state === "active");
  const stop = () => run(async () => done("Stopped: the scenario settles from now on.", await command({ command: "stop" })));
  return (
    <>
      <div class="row">
        <button type="button" disabled={!active || busy} onClick={stop}>Stop the scenario</button>
        <button type="button" disabled={!acts} onClick={() => setAsking("save")}>Save what acts…</button>
        <button type="button" class="danger" disabled={!state} onClick={() => setAsking("reset")}>Reset to baseline…</button>
      </div>
      <Wrong problem={problem} />
      {asking === "reset" && <Reset onClose={() => setAsking(null)} />}
      {asking === "save" && <SaveActing journal={journal} onClose={() => setAsking(null)} />}
    </>
  );
}

function Card({ one, active }) {
  const [duration, setDuration] = useState("");
  const [found, setFound] = useState(null);
  const { busy, problem, run } = useTask();
  const body = () => ({ command: "scenario", scenario: one.id, ...(duration.trim() ? { duration: duration.trim() } : {}) });
  const look = () => run(async () => setFound(found ? null : await preview(body())));
  const start = () => run(async () => {
    const answer = await command(body());
    setFound(null);
    done(`${one.name} began at ${moment(answer.entry.at, true)}.`, answer);
  });
  const save = () => run(async () => download(`${one.id}.yaml`, await text(`/api/v1/scenarios/${encodeURIComponent(one.id)}`), "application/yaml"));
  const is = active?.scenario === one.id;
  return (
    <article class={`card ${is ? "active" : ""}`} data-scenario={one.id}>
      <div class="head">
        <h3>{one.name}</h3>
        {is && <span class="flag active">active</span>}
      </div>
      <p class="note">
        {one.duration}, settles {one.settling}, {counted(one.modifiers, "modifier")}
      </p>
      <p>{one.description}</p>
      <div class="row">
        <button type="button" class="main" disabled={Boolean(active) || busy} onClick={start} aria-label={`Activate ${one.name}`}>Activate</button>
        <label class="inline">for <Text size={5} value={duration} placeholder={one.duration} onText={setDuration} aria-label={`How long ${one.name} is active`} /></label>
        <button type="button" class="quiet" disabled={busy} aria-expanded={Boolean(found)} aria-label={`What ${one.name} does`} onClick={look}>What it does</button>
        <button type="button" class="quiet" disabled={busy} aria-label={`Save the file of ${one.name}`} onClick={save}>Save file</button>
      </div>
      <Wrong problem={problem} />
      <Preview found={found} />
    </article>
  );
}

export function Scenarios() {
  const [scenarios, state] = [use("scenarios"), use("state")];
  const { problem, run } = useTask();
  const active = state?.interventions.find((one) => one.scenario && one.state === "active");
  const load = (text, name) => run(async () => {
    done(`${name} was loaded: its scenario can be activated.`, await command({ command: "define", text }));
    await refreshScenarios();
  });
  return (
    <Panel id="scenarios" title="Scenarios" note={active ? "one at a time: stop the active one first" : ""} actions={<OpenFile label="Load a scenario file" accept=".yaml,.yml,.json" onText={load} />}>
      <Wrong problem={problem} />
      <div class="cards">
        {scenarios.map((one) => <Card key={one.id} one={one} active={active} />)}
      </div>
    </Panel>
  );
}

