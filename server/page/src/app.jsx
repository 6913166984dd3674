import { render } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Entity } from "./browse.jsx";
import { Inject, Modify } from "./change.jsx";
import { Charts } from "./charts.jsx";
import { Clients } from "./clients.jsx";
import { Anomalies, Chain, Events, Outside, OutsideEvent } from "./happened.jsx";
import { Inspector } from "./inspector.jsx";
import { Dialog, Field } from "./parts.jsx";
import { Scenarios, Steer } from "./scenarios.jsx";
import { begin } from "./session.js";
import { Bar, Clock, Now } from "./status.jsx";
import { set, use } from "./store.js";

const PAGES = [["live", "Live"], ["change", "Change"], ["inspect", "Inspect"]];

const chosen = () => PAGES.find(([id]) => location.hash === `#${id}`)?.[0] ?? "live";

function usePage() {
  const [page, setPage] = useState(chosen());
  useEffect(() => {
    const changed = () => setPage(chosen());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return page;
}

function Live() {
  return (
    <div class="live">
      <div class="column">
        <Now><Steer /></Now>
        <Clock />
        <Charts />
        <Events />
        <Clients />
      </div>
      <div class="column side">
        <Scenarios />
        <Anomalies />
        <Outside />
      </div>
    </div>
  );
}

const Change = () => (
  <div class="change">
    <Inject />
    <div class="column">
      <Modify />
      <Now><Steer /></Now>
    </div>
  </div>
);

function Token({ asking }) {
  const [token, setToken] = useState("");
  const give = (event) => {
    event.preventDefault();
    if (token.trim()) asking.answer(token.trim());
  };
  return (
    <Dialog title="A token is needed" onClose={() => asking.answer(null)}>
      <p>{asking.again ? "The token does not allow that. Give one that does." : "The server lets in whoever has a token. It is kept until this tab is closed."}</p>
      <form onSubmit={give}>
        <Field label="Token"><input type="password" autoComplete="off" value={token} onInput={(event) => setToken(event.currentTarget.value)} /></Field>
        <button type="submit" class="main">Use it</button>
      </form>
    </Dialog>
  );
}

function Opened() {
  const opened = use("opened");
  const close = () => set({ opened: null });
  if (!opened) return null;
  if (opened.entity) return <Entity key={opened.entity.id} of={opened.entity} onClose={close} />;
  if (opened.outside) return <OutsideEvent event={opened.outside} onClose={close} />;
  return <Chain opened={opened} onClose={close} />;
}

function App() {
  const page = usePage();
  const [said, asking, connection] = [use("said"), use("asking"), use("connection")];
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main").focus(); }}>To the content</a>
      <header>
        <div class="top">
          <h1>causeflow</h1>
          <nav aria-label="Pages">
            {PAGES.map(([id, words]) => <a key={id} href={`#${id}`} aria-current={page === id ? "page" : undefined}>{words}</a>)}
          </nav>
        </div>
        <Bar />
        <p class="said" role="status">{said}</p>
      </header>
      <main id="main" tabIndex={-1} class={connection.status === "lost" ? "stale" : ""}>
        {page === "live" && <Live />}
        {page === "change" && <Change />}
        {page === "inspect" && <Inspector />}
      </main>
      <footer class="note">
        All times are UTC. The same from a program: <a href="/api/v1/docs">the endpoints</a>, <a href="/api/v1/asyncapi.json">the messages</a>, <a href="/metrics">metrics</a>.
      </footer>
      <Opened />
      {asking && <Token asking={asking} />}
    </>
  );
}

render(<App />, document.getElementById("app"));
begin();
