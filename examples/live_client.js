// Looks on at a live session and comes back to where it was: node live_client.js http://127.0.0.1:7777 'customer.*' [EVENTS]
//
// The same works in a browser. Needs Node 22 or later, or Node 20 with --experimental-websocket. Ends after so many events; without
// a number it goes on.

const [url, topics, events] = process.argv.slice(2);
let left = events ? Number(events) : Infinity;
let position = null; // epoch:seq, up to which everything has come

function look() {
  const socket = new WebSocket(url.replace("http", "ws") + "/api/v1/ws", "causeflow.v1.json");
  socket.onopen = () => {
    const subscribe = { type: "subscribe", topics: topics.split(",") };
    if (position) subscribe.after = position;
    socket.send(JSON.stringify(subscribe));
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "events") {
      for (const event of message.events) console.log(event.seq, event.timestamp, event.stream);
      left -= message.events.length;
      position = `${message.epoch}:${message.to}`;
      if (left <= 0) socket.close();
    } else if (message.type === "subscribed") {
      position = message.position;
    } else if (message.type === "heartbeat" || message.type === "reset") {
      if (message.type === "reset") console.log("reset:", message.reason);
      position = `${message.epoch}:${message.seq}`;
    } else if (message.type === "error" || message.type === "gap") {
      console.error(data);
    }
  };
  // A connection that fails closes, too.
  socket.onclose = () => { if (left > 0) setTimeout(look, 1000); };
}

look();
