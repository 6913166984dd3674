// The connection: the protocol's other half. It goes on where it was, whatever happens to the line.

import { askToken, get, token } from "./api.js";

const PROTOCOL = "causeflow.v1.json";
// A server tells its position every five seconds.
const SILENT = 15_000;
const SOONEST = 500;
const LATEST = 15_000;
const FIRST = 5;

export class Connection {
  // `on` has a function for each kind of message, and `status`.
  constructor(topics, on) {
    this.on = on;
    this.topics = topics;
    this.position = null;
    this.tries = 0;
    this.open();
    addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => document.hidden || this.now());
  }

  // What is looked at.
  watch(topics) {
    const before = this.topics;
    this.topics = [...new Set(topics)];
    if (!this.ready) return;
    const gone = before.filter((topic) => !this.topics.includes(topic));
    const come = this.topics.filter((topic) => !before.includes(topic));
    // What overlaps with a pattern that is taken away has to be asked for again.
    if (gone.length) this.send({ type: "unsubscribe", topics: gone });
    if (come.length || gone.length) this.send({ type: "subscribe", topics: gone.length ? this.topics : come });
  }

  // Tries again without waiting any longer.
  now() {
    if (this.socket) return;
    clearTimeout(this.timer);
    this.open();
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const protocols = token() ? [PROTOCOL, `causeflow.token.${token()}`] : [PROTOCOL];
    let socket;
    try {
      socket = new WebSocket(`${scheme}//${location.host}/api/v1/ws`, protocols);
    } catch {
      // Not every text can be a subprotocol.
      askToken().then((given) => given && this.open());
      return;
    }
    this.socket = socket;
    this.listen(socket);
    socket.onmessage = ({ data }) => {
      if (this.socket !== socket) return;
      this.listen(socket);
      this.take(JSON.parse(data));
    };
    socket.onclose = () => this.lost(socket);
  }

  // A line that has died without a word is taken for closed.
  listen(socket) {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      socket.close();
      this.lost(socket);
    }, SILENT);
  }

  async lost(socket) {
    if (this.socket !== socket) return;
    clearTimeout(this.silence);
    const was = this.ready;
    this.socket = null;
    this.ready = false;
    // Each try waits longer, and not all pages come back at the same moment.
    const wait = Math.min(LATEST, SOONEST * 2 ** this.tries) * (0.75 + Math.random() / 2);
    this.tries += 1;
    this.timer = setTimeout(() => this.open(), wait);
    this.on.status("lost", Date.now() + wait);
    if (was) return;
    // A browser does not say why a socket was refused; a request does, and asks for the token.
    const before = token();
    await get("clock").catch(() => null);
    if (token() !== before) this.now();
  }

  subscribe(message) {
    this.send({ type: "subscribe", topics: this.topics, policy: "skip", ...message });
  }

  take(message) {
    const [epoch] = this.position ?? [];
    switch (message.type) {
      case "hello":
        this.ready = true;
        this.tries = 0;
        if (epoch === message.epoch) {
          this.subscribe({ after: this.position.join(":") });
        } else {
          if (epoch) this.on.reset("the session has another epoch");
          this.subscribe({ last: FIRST });
        }
        this.position = epoch === message.epoch ? this.position : [message.epoch, message.seq];
        this.on.status("live");
        break;
      case "events":
        if (epoch === message.epoch && message.from > this.position[1] + 1) {
          this.on.gap(this.position[1] + 1, message.from - 1);
        }
        this.position = [message.epoch, message.to];
        this.on.events(message.events);
        break;
      case "snapshot":
        this.position = [message.epoch, message.to];
        this.on.events(message.events);
        break;
      case "heartbeat":
        this.position = [message.epoch, message.seq];
        break;
      case "gap":
        // One that misses notices alone misses no events.
        if (message.to === undefined) {
          this.on.notices();
          break;
        }
        this.position = [message.epoch, message.to];
        this.on.gap(message.from, message.to);
        break;
      case "reset":
        this.position = [message.epoch, message.seq];
        this.on.reset(message.reason);
        break;
      case "closing":
        this.on.closing(message.reason);
        break;
      default:
        this.on[message.type]?.(message);
    }
    if (message.time) this.on.time(message.time);
  }
}
