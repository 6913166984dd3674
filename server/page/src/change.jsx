// What can be done to the world besides scenarios: an external event is put in, or a parameter is changed for some time.

import { useState } from "preact/hooks";

import { command, post, preview } from "./api.js";
import { Preview } from "./effects.jsx";
import { Choice, download, Field, OpenFile, Panel, Text, useTask, Wrong } from "./parts.jsx";
import { done } from "./session.js";
import { use } from "./store.js";

const SEVERITIES = ["info", "warning", "critical"];
const TYPES = ["marketing", "product", "infrastructure", "academic", "competitive", "operational"];
const OWN = {
  type: "operational", title: "", description: "", severity: "warning", streams: "", direction: "increase", magnitude: "medium",
  delay: "", duration: "2h", modifiers: "",
};

const words = (text) => text.split(/[\s,]+/).filter(Boolean);

// `stream/parameter multiply 2`, one a line.
export function modifiers(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  return lines.map((line, at) => {
    const [on, operation, ...rest] = line.split(/\s+/);
    const amount = rest.join(" ");
    if (!amount) throw Object.assign(new Error(`line ${at + 1} is not whole`), { field: "modifiers", help: "write such as `customer.tutor.search/rate multiply 2`, one a line" });
    return { on, [operation]: value(amount) };
  });
}

const value = (text) => (text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text.trim());

const given = (fields) => Object.fromEntries(Object.entries(fields).filter(([, of]) => of !== "" && of !== undefined));

function definition(own) {
  return given({
    type: own.type,
    title: own.title,
    description: own.description || own.title,
    severity: own.severity,
    icon: "flag",
    expects: { streams: words(own.streams), direction: own.direction, magnitude: own.magnitude },
    delay: own.delay,
    duration: own.duration,
    modifiers: modifiers(own.modifiers),
  });
}

function Buttons({ busy, onPreview, words }) {
  return (
    <div class="row">
      <button type="submit" class="main" disabled={busy}>{words}</button>
      <button type="button" disabled={busy} onClick={onPreview}>Preview</button>
    </div>
  );
}

export function Inject() {
  const [templates, streams] = [use("templates"), use("streams")];
  const [kind, setKind] = useState("template");
  const [form, setForm] = useState({ template: "", title: "", description: "", severity: "", causal: true, at: "" });
  const [own, setOwn] = useState(OWN);
  const [found, setFound] = useState(null);
  const { busy, problem, run } = useTask();
  const change = (patch) => {
    setForm({ ...form, ...patch });
    setFound(null);
  };
  const changeOwn = (patch) => {
    setOwn({ ...own, ...patch });
    setFound(null);
  };
  const template = templates.find((one) => one.id === form.template) ?? templates[0];
  const body = () => given({
    command: "inject",
    at: form.at.trim(),
    causal: form.causal,
    ...(kind === "template"
      ? { template: template.id, title: form.title, description: form.description, severity: form.severity }
      : { definition: definition(own) }),
  });
  const look = () => run(async () => setFound(await preview(body())));
  const put = (event) => {
    event.preventDefault();
    run(async () => {
      done("The external event was put in.", await command(body()));
      setFound(null);
    });
  };
  const load = (text) => run(async () => {
    const read = JSON.parse(text);
    setKind(read.kind === "own" ? "own" : "template");
    setForm({ ...form, ...read.form });
    setOwn({ ...OWN, ...read.own });
  });
  const text = (key) => ({ value: own[key], onText: (now) => changeOwn({ [key]: now }) });
  return (
    <Panel
      id="inject"
      title="Put an external event in"
      actions={
        <div class="tools">
          <OpenFile label="Load" accept=".json" onText={load} />
          <button type="button" class="quiet" onClick={() => download("external-event.json", JSON.stringify({ kind, form, own }, null, 2), "application/json")}>Save</button>
        </div>
      }
    >
      <form onSubmit={put}>
        <fieldset class="group">
          <legend>What happens</legend>
          <label class="inline"><input type="radio" name="kind" checked={kind === "template"} onChange={() => { setKind("template"); setFound(null); }} />of a template</label>
          <label class="inline"><input type="radio" name="kind" checked={kind === "own"} onChange={() => { setKind("own"); setFound(null); }} />of my own</label>
        </fieldset>
        {kind === "template" ? (
          <>
            <Field label="Template" hint={template && `${template.description} Expected: ${template.expected_direction}, ${template.expected_magnitude}, of ${template.expected_streams.join(", ")}, for ${template.duration}.`}>
              <Choice options={templates.map((one) => [one.id, `${one.title} (${one.kind ?? one.type})`])} value={template?.id} onChoice={(id) => change({ template: id })} />
            </Field>
            <div class="fields">
              <Field label="Another title"><Text value={form.title} placeholder={template?.title} onText={(title) => change({ title })} /></Field>
              <Field label="Severity"><Choice options={[["", `as the template: ${template?.severity ?? ""}`], ...SEVERITIES]} value={form.severity} onChoice={(severity) => change({ severity })} /></Field>
            </div>
            <Field label="Another description"><Text value={form.description} onText={(description) => change({ description })} /></Field>
          </>
        ) : (
          <>
            <div class="fields">
              <Field label="Title"><Text required {...text("title")} /></Field>
              <Field label="Type"><Choice options={TYPES} value={own.type} onChoice={(type) => changeOwn({ type })} /></Field>
              <Field label="Severity"><Choice options={SEVERITIES} value={own.severity} onChoice={(severity) => changeOwn({ severity })} /></Field>
            </div>
            <Field label="Description"><Text {...text("description")} /></Field>
            <div class="fields">
              <Field label="Streams that people expect to move"><Text required list="stream-names" {...text("streams")} /></Field>
              <Field label="Which way"><Choice options={["increase", "decrease", "mixed"]} value={own.direction} onChoice={(direction) => changeOwn({ direction })} /></Field>
              <Field label="How far"><Choice options={["low", "medium", "high"]} value={own.magnitude} onChoice={(magnitude) => changeOwn({ magnitude })} /></Field>
              <Field label="Begins after"><Text placeholder="at once" {...text("delay")} /></Field>
              <Field label="Lasts for"><Text required {...text("duration")} /></Field>
            </div>
            <Field label="What it changes" hint="A parameter, multiply, add, override or shift, and an amount; one a line.">
              <textarea rows={3} placeholder="customer.tutor.search/rate multiply 2" value={own.modifiers} onInput={(event) => changeOwn({ modifiers: event.currentTarget.value })} />
            </Field>
          </>
        )}
        <div class="fields">
          <Field label="When" hint="now by default; a later time such as 2026-02-14T10:00:00Z"><Text value={form.at} placeholder="now" onText={(at) => change({ at })} /></Field>
          <label class="inline"><input type="checkbox" checked={form.causal} onChange={(event) => change({ causal: event.currentTarget.checked })} />it has its impact (a red herring has none)</label>
        </div>
        <Buttons busy={busy} onPreview={look} words="Put it in" />
      </form>
      <Wrong problem={problem} />
      <Preview found={found} />
      <datalist id="stream-names">{streams.map((one) => <option value={one.name} key={one.name} />)}</datalist>
    </Panel>
  );
}

const MODIFIER = { on: "", operation: "multiply", amount: "2", duration: "2h", onset: "", settling: "", title: "", at: "" };

export function Modify() {
  const streams = use("streams");
  const [form, setForm] = useState(MODIFIER);
  const [found, setFound] = useState(null);
  const { busy, problem, run } = useTask();
  const change = (patch) => {
    setForm({ ...form, ...patch });
    setFound(null);
  };
  const body = () => given({
    on: form.on.trim(),
    [form.operation]: value(form.amount),
    duration: form.duration.trim(),
    onset: form.onset.trim(),
    settling: form.settling.trim() ? { linear: form.settling.trim() } : "",
    title: form.title.trim(),
    at: form.at.trim(),
  });
  const look = () => run(async () => setFound(await post("modifiers/preview", body())));
  const apply = (event) => {
    event.preventDefault();
    run(async () => {
      done(`${form.on} is changed.`, await post("modifiers", body()));
      setFound(null);
    });
  };
  const load = (text) => run(async () => setForm({ ...MODIFIER, ...JSON.parse(text) }));
  const text = (key) => ({ value: form[key], onText: (now) => change({ [key]: now }) });
  return (
    <Panel
      id="modify"
      title="Change a parameter"
      actions={
        <div class="tools">
          <OpenFile label="Load" accept=".json" onText={load} />
          <button type="button" class="quiet" onClick={() => download("modifier.json", JSON.stringify(form, null, 2), "application/json")}>Save</button>
        </div>
      }
    >
      <form onSubmit={apply}>
        <Field label="Parameter" hint="stream/parameter, such as customer.tutor.search/rate; `causeflow streams` tells all of them">
          <Text required list="parameters" {...text("on")} />
        </Field>
        <div class="fields">
          <Field label="How"><Choice options={[["multiply", "multiply by"], ["add", "add"], ["override", "set to"], ["shift", "shift by"]]} value={form.operation} onChoice={(operation) => change({ operation })} /></Field>
          <Field label="Amount"><Text required {...text("amount")} /></Field>
          <Field label="Lasts for"><Text required {...text("duration")} /></Field>
          <Field label="Rises within"><Text placeholder="at once" {...text("onset")} /></Field>
          <Field label="Settles within"><Text placeholder="at once" {...text("settling")} /></Field>
        </div>
        <div class="fields">
          <Field label="Title"><Text placeholder={`${form.on || "it"} was changed by hand`} {...text("title")} /></Field>
          <Field label="When"><Text placeholder="now" {...text("at")} /></Field>
        </div>
        <Buttons busy={busy} onPreview={look} words="Apply" />
      </form>
      <Wrong problem={problem} />
      <Preview found={found} />
      <datalist id="parameters">{streams.flatMap((one) => [`${one.name}/volume`, `${one.name}/rate`]).map((name) => <option value={name} key={name} />)}</datalist>
    </Panel>
  );
}
