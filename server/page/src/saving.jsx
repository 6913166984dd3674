// What acts now, as a scenario of one's own: it can be started again here, and its file anywhere.

import { useState } from "preact/hooks";

import { command } from "./api.js";
import { moment } from "./format.js";
import { Dialog, download, Field, Text, useTask, Wrong } from "./parts.jsx";
import { done, refreshScenarios } from "./session.js";
import { use } from "./store.js";

const slug = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");

const same = (a, b) => Number.isNaN(Date.parse(a)) || Date.parse(a) === Date.parse(b);

// The scenario as it was, changes by hand as its modifiers, and external events of templates as its events.
export function scenarioOf(name, state, entries) {
  const active = state.interventions.filter((one) => one.state === "active");
  const scenario = active.find((one) => one.scenario)?.scenario;
  const [modifiers, events] = [[], []];
  let seconds = 0;
  for (const one of active.filter((other) => !other.scenario)) {
    const [, template, time] = one.name.match(/^(.*)@(.*)$/);
    const entry = entries.findLast((other, at) => other.command === "inject" && (other.template ?? `injected-${at + 1}`) === template && same(other.at, time));
    seconds = Math.max(seconds, Math.ceil((Date.parse(one.end) - Date.parse(one.start)) / 1000));
    const own = entry?.definition;
    if (own) modifiers.push(...own.modifiers.map((modifier) => ({ ...(own.onset && { onset: own.onset }), ...(own.settling && { settling: own.settling }), ...modifier })));
    else events.push({ template, at: "0h", impact: "own", ...(entry?.title && { title: entry.title }) });
  }
  return {
    id: slug(name),
    name,
    description: `What acted on ${moment(state.time)}.`,
    ...(scenario ? { extends: scenario } : { duration: `${seconds}s` }),
    ...(modifiers.length && { modifiers }),
    ...(events.length && { events }),
  };
}

export function SaveActing({ journal, onClose }) {
  const state = use("state");
  const [name, setName] = useState("");
  const { busy, problem, run } = useTask();
  const save = (event) => {
    event.preventDefault();
    run(async () => {
      const scenario = scenarioOf(name.trim(), state, await journal());
      const text = JSON.stringify(scenario, null, 2);
      done(`${scenario.name} is a scenario now, and its file was saved.`, await command({ command: "define", text }));
      download(`${scenario.id}.json`, text, "application/json");
      await refreshScenarios();
      onClose();
    });
  };
  return (
    <Dialog title="Save what acts as a scenario" onClose={onClose}>
      <p>
        It becomes one of the scenarios here, and a file that can be loaded elsewhere. What was changed by hand lasts as long as the scenario, and takes the place of
        what that does to the same parameter.
      </p>
      <form onSubmit={save}>
        <Field label="Its name"><Text required pattern=".*[A-Za-z0-9].*" value={name} onText={setName} /></Field>
        <Wrong problem={problem} />
        <div class="row end"><button type="submit" class="main" disabled={busy || !slug(name)}>Save</button></div>
      </form>
    </Dialog>
  );
}
