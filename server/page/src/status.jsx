// How the session stands, and its clock.

import { useState } from "preact/hooks";

import { command, post } from "./api.js";
import { remaining, Strengths } from "./effects.jsx";
import { counted, moment, number, span, speed } from "./format.js";
import { Flag, Panel, Table, Text, useTask, Wrong } from "./parts.jsx";
import { again, done as told, refreshState } from "./session.js";
import { say, set, use } from "./store.js";

const WORDS = { baseline: "Baseline", running: "Running", settling: "Settling" };

function Line() {
  const connection = use("connection");
  if (connection.status === "live") return <span class="pill on">Connected</span>;
  if (connection.status === "connecting") return <span class="pill">Connecting…</span>;
  return (
    <span class="pill lost">
      Connection lost <button type="button" class="quiet small" onClick={again}>Try now</button>
    </span>
  );
}

export function Bar() {
  const [state, time, clients] = [use("state"), use("clock"), use("clients")];
  return (
    <div class="bar">
      <Line />
      {state && <span class={`pill ${state.status}`} data-status={state.status}>{WORDS[state.status]}</span>}
      {time && (
        <dl class="facts">
          <div class="time"><dt>Virtual time</dt><dd><time dateTime={time.time}>{moment(time.time, true)}</time> UTC</dd></div>
          <div><dt>Speed</dt><dd>{time.paused ? "paused" : speed(time.speed)}</dd></div>
          <div><dt>Lag</dt><dd class={time.lag_s > 1 ? "late" : ""}>{number(time.lag_s, 2)} s</dd></div>
          {clients && <div><dt>Clients</dt><dd title="by WebSocket, and by server-sent events">{clients.websocket} + {clients.server_sent_events}</dd></div>}
          {state && <div><dt>Epoch</dt><dd class="code">{state.epoch}</dd></div>}
        </dl>
      )}
    </div>
  );
}

const SPEEDS = [["1", "1×"], ["60", "60×"], ["600", "600×"], ["3600", "3,600×"], ["36000", "36,000×"], ["max", "Max"], ["stepped", "Stepped"]];
const STEPS = [["1m", "1 minute"], ["1h", "1 hour"], ["6h", "6 hours"], ["1d", "1 day"]];

export function Clock() {
  const time = use("clock");
  const [own, setOwn] = useState("");
  const { busy, problem, run } = useTask();
  const change = (body, words) => run(async () => {
    set({ clock: await post("clock", body) });
    say(words);
    await refreshState();
  });
  if (!time) return null;
  const setSpeed = (value) => change({ speed: value, paused: false }, `The clock goes at ${speed(value)}.`);
  const pause = () => change({ paused: !time.paused }, time.paused ? "The clock goes on." : "The clock stands still.");
  const ownSpeed = (event) => {
    event.preventDefault();
    if (own.trim()) setSpeed(own.trim());
  };
  return (
    <Panel id="clock" title="Clock" note={time.paused ? "stands still" : speed(time.speed)}>
      <div class="row">
        <button type="button" class="main" disabled={busy} onClick={pause}>{time.paused ? "Resume" : "Pause"}</button>
        <div class="group" role="group" aria-label="Step">
          {STEPS.map(([step, words]) => (
            <button type="button" key={step} disabled={busy} onClick={() => change({ step }, `The clock goes on by ${words}.`)}>+ {words}</button>
          ))}
        </div>
      </div>
      <div class="row">
        <div class="group" role="group" aria-label="Speed">
          {SPEEDS.map(([value, words]) => (
            <button type="button" key={value} disabled={busy} aria-pressed={time.speed === value} onClick={() => setSpeed(value)}>{words}</button>
          ))}
        </div>
        <form class="row" onSubmit={ownSpeed}>
          <Text aria-label="Another speed, in virtual seconds a second" placeholder="Other" size={7} inputMode="decimal" value={own} onText={setOwn} />
          <button type="submit" disabled={busy || !own.trim()}>Set</button>
        </form>
      </div>
      <Wrong problem={problem} />
    </Panel>
  );
}

function Acting({ one, pace, name }) {
  const whole = Date.parse(one.end) - Date.parse(one.start);
  const fade = Date.parse(one.settled) - Date.parse(one.end);
  const [left, real] = remaining(one.state === "active" ? one.remaining_s : one.settled_in_s, pace);
  const { busy, problem, run } = useTask();
  const stop = () => run(async () => told(`Stopped: ${name} settles from now on.`, await command({ command: "stop", intervention: one.name })));
  const done = one.state === "active" ? 1 - (one.remaining_s * 1000) / whole : fade ? 1 - (one.settled_in_s * 1000) / fade : 1;
  return (
    <article class={`acting ${one.state}`} data-intervention={one.name}>
      <div class="head">
        <h3>{name}</h3>
        <span class={`flag ${one.state}`}>{one.state}</span>
        {/* The scenario has a button of its own. */}
        {one.state === "active" && !one.scenario && <button type="button" class="small" disabled={busy} aria-label={`Stop ${name}`} onClick={stop}>Stop</button>}
      </div>
      <Wrong problem={problem} />
      <p>
        {one.state === "active" ? `${left} left${real}, then it settles until ` : `Settled in ${left}${real}, at `}
        {moment(one.settled)}.
      </p>
      <progress max={1} value={Math.min(1, Math.max(0, done))} aria-label={`How far ${name} is`} />
      <details open={one.modifiers.length < 8}>
        <summary>{counted(one.modifiers.length, "modifier")} since {moment(one.start)}</summary>
        <Strengths one={one} />
      </details>
    </article>
  );
}

export function Now({ children }) {
  const [state, time, scenarios, outside] = [use("state"), use("clock"), use("scenarios"), use("outside")];
  if (!state) return <Panel id="now" title="Now"><p class="note">Waiting for the server…</p></Panel>;
  const name = (one) => scenarios.find((known) => known.id === one.scenario)?.name ?? outside.find((event) => event.attribution === one.name)?.title ?? one.name;
  const since = (Date.parse(state.time) - Date.parse(state.live_from)) / 1000;
  return (
    <Panel id="now" title="Now" note={`live for ${span(Math.max(0, since))}, ${counted(state.commands, "command")}, ${counted(state.resets, "reset")}`} actions={children}>
      {state.interventions.length
        ? <div class="actings">{state.interventions.map((one) => <Acting key={`${one.name} ${one.end}`} one={one} pace={time?.speed} name={name(one)} />)}</div>
        : <p>The world is at its baseline: nothing that was asked for acts.</p>}
      <h3>External events in force</h3>
      <Table
        id="in-force-table"
        caption="External events whose impact is expected now"
        head={["Event", "Since", "Severity", "Expected impact"]}
        rows={state.external_events.map((event) => ({
          key: event.id,
          cells: [
            <button type="button" class="link" onClick={() => set({ opened: { outside: event } })}>{event.title}</button>,
            <span class="wrap">{moment(event.time)}</span>, <Flag flag={event.severity} />,
            <span class="wrap">{event.expected_direction}, {event.expected_magnitude}, for {event.expected_duration}: {event.expected_streams.join(", ")}</span>,
          ],
        }))}
        empty="None."
      />
    </Panel>
  );
}
