// Versions of what is past: what was put into it, what that came to, and how to give one up.

import { useEffect, useState } from "preact/hooks";

import { get as ask, remove } from "./api.js";
import { moment, number } from "./format.js";
import { Dialog, Name, num, Panel, Table, useAnswer, useTask, Wrong } from "./parts.jsx";
import { refreshVersions } from "./session.js";
import { say, use } from "./store.js";

const DIFFERENT = ["added", "removed", "moved", "changed"];

const putIn = ({ scenario, template, title, definition }) => scenario ?? title ?? template ?? definition?.title ?? "an external event";

function how(version) {
  if (version.state === "failed") return `failed: ${version.failed}`;
  return version.state === "waiting" ? "waits for its end" : version.state;
}

// What differs from what was given out, stream by stream.
function Differences({ version, onClose }) {
  const { value, problem } = useAnswer(() => ask(`versions/${version.name}/diff`), [version.name]);
  const streams = value?.streams.filter((one) => DIFFERENT.some((of) => one[of])) ?? [];
  return (
    <Dialog title={`Version ${version.name}`} onClose={onClose} wide>
      <Wrong problem={problem} />
      {value ? (
        <Table
          caption={`What differs from what was given out, from ${moment(version.from)} to ${moment(version.to)}; ${value.streams.length - streams.length} streams do not`}
          head={["Stream", num("In it"), num("Given out"), num("Added"), num("Removed"), num("Moved"), num("Changed")]}
          rows={streams.map((one) => ({
            key: one.name,
            cells: [<Name of={one.name} />, ...[one.rows, one.twin_rows, ...DIFFERENT.map((of) => one[of])].map((count) => number(count))],
          }))}
          empty="Nothing differs."
        />
      ) : !problem && <p class="note">Comparing…</p>}
    </Dialog>
  );
}

export function Versions() {
  const versions = use("versions");
  const epoch = use("state")?.epoch;
  const [shown, setShown] = useState(null);
  const { busy, problem, run } = useTask();
  useEffect(() => {
    refreshVersions().catch(() => {});
  }, [epoch]);
  const drop = (name) => run(async () => {
    await remove(`versions/${name}`);
    say(`The version ${name} is given up.`);
    await refreshVersions();
  });
  return (
    <Panel id="versions" title="Versions" note="what would have been, with something put into the past">
      <Wrong problem={problem} />
      <Table
        caption="Versions of what is past; each opens what differs from what was given out"
        head={["Version", "State", "With", "From", "To", ...DIFFERENT.map((of) => num(of[0].toUpperCase() + of.slice(1))), "Give up"]}
        rows={versions.map((one) => ({
          key: one.name,
          cells: [
            one.outcome ? <button type="button" class="link" onClick={() => setShown(one)}>{one.name}</button> : one.name,
            <span class="long">{how(one)}</span>, putIn(one.entry), moment(one.from), moment(one.to),
            ...DIFFERENT.map((of) => number(one.outcome?.[of])),
            <button type="button" class="quiet" disabled={busy} aria-label={`Give up the version ${one.name}`} onClick={() => drop(one.name)}>Drop</button>,
          ],
        }))}
        empty="None. A scenario or an external event at a time that is past makes one; the session stays as it was."
      />
      {shown && <Differences version={shown} onClose={() => setShown(null)} />}
    </Panel>
  );
}
