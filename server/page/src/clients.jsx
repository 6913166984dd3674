// Who looks on, and how far behind.

import { counted, number } from "./format.js";
import { Name, num, Panel, Table } from "./parts.jsx";
import { use } from "./store.js";

const KINDS = { "web-socket": "WebSocket", "server-sent-events": "server-sent events", rest: "REST" };
const TOPICS = 4;

const topics = (all) => (all.length > TOPICS ? [...all.slice(0, TOPICS), `${all.length - TOPICS} more`] : all);

// Seconds as people say them.
function ago(seconds) {
  if (seconds < 120) return `${number(seconds)} s`;
  return seconds < 7200 ? `${number(seconds / 60)} min` : `${number(seconds / 3600)} h`;
}

function late(one) {
  if (one.lag_s === null) return "longer than is kept";
  return `${number(one.lag_s, 1)} s`;
}

export function Clients() {
  const clients = use("clients");
  if (!clients) return null;
  const all = clients.websocket + clients.server_sent_events + clients.rest;
  const hidden = all - clients.clients.length;
  return (
    <Panel id="clients" title="Who looks on" note={counted(all, "client")}>
      <Table
        id="clients-table"
        caption={`Connected clients, those who are farthest behind first${hidden > 0 ? `; ${number(hidden)} more are not listed` : ""}`}
        head={["Client", num("Behind"), num("For"), num("Gaps"), "Looks at", "Too slow", num("Here for"), "Position"]}
        rows={clients.clients.map((one) => ({
          key: one.number,
          cells: [
            `${KINDS[one.kind]} ${one.address}`,
            number(one.lag_events),
            <span class={one.lag_events > 1000 ? "late" : ""}>{late(one)}{one.catches_up && ", catches up"}</span>,
            number(one.gaps),
            one.topics.length ? <span class="long">{topics(one.topics).map((topic, at) => <span key={topic}>{at > 0 && ", "}<Name of={topic} /></span>)}</span> : "nothing yet",
            one.policy ?? "–",
            ago(one.connected_s),
            <span class="code">{one.position}</span>,
          ],
        }))}
        empty="Nobody."
      />
    </Panel>
  );
}
