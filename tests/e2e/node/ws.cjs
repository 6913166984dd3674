// With this loaded first, a program's WebSocket is that of the package `ws`: `node --require ./ws.cjs PROGRAM`.
globalThis.WebSocket = require("ws").WebSocket;
