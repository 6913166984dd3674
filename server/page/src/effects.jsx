// What an intervention does: its modifiers, as far as they are known.

import { change, moment, number, span } from "./format.js";
import { Table } from "./parts.jsx";

// What of it and of others excludes each other.
export const Conflicts = ({ of }) => of.map((one) => <p class="conflict" key={one}><strong>Conflict:</strong> {one}.</p>);

// What was previewed: what would act, and until when.
export function Preview({ found }) {
  if (!found) return null;
  if (!found.length) return <p class="note" role="status">It changes nothing at this time.</p>;
  return (
    <div class="preview" role="status">
      {found.map((one) => (
        <div key={one.name}>
          <p>
            <strong>{one.name}</strong>: from {moment(one.start)} to {moment(one.end)}, and settled at {moment(one.settled)}.
          </p>
          <Conflicts of={one.conflicts} />
          <Table
            caption={`What ${one.name} would do`}
            head={["Parameter", "Change", "Settled"]}
            rows={one.modifiers.map((modifier, at) => ({
              key: at,
              cells: [modifier.address, change(modifier), moment(modifier.settled)],
            }))}
            empty="It moves nothing: a red herring, or the baseline itself."
          />
        </div>
      ))}
    </div>
  );
}

export function Strengths({ one }) {
  return (
    <>
    <Conflicts of={one.conflicts} />
    <Table
      caption={`What ${one.name} does now`}
      head={["Parameter", "Change", "Strength", "State"]}
      rows={one.modifiers.map((modifier, at) => ({
        key: at,
        cells: [
          modifier.address,
          change(modifier),
          <span class="strength">
            <meter min={0} max={1} value={modifier.strength} aria-label={`Strength of ${modifier.address}`} />
            {number(modifier.strength * 100, 0)} %
          </span>,
          modifier.state,
        ],
      }))}
      empty="It moves nothing by itself."
    />
    </>
  );
}

// A virtual time that is left, and how long that takes on the wall.
export function remaining(seconds, speed) {
  const times = Number(speed);
  const real = times > 1 && seconds > 0 ? ` (about ${span(seconds / times)} at this speed)` : "";
  return [span(seconds), real];
}
