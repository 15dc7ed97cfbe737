/**
 * socket.io on Node with its Redis adapter.
 *
 * `personal`: the server hears of a change and emits to each person in the room a message
 * of their own. `room`: another process emits to the room through the adapter; all get the
 * same message. `emit`: that other process.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { createAdapter } from "@socket.io/redis-adapter";
import { Emitter } from "@socket.io/redis-emitter";
import { createClient } from "redis";
import { Server } from "socket.io";

const [, , way, url, folder] = process.argv;
const tails = readFileSync(`${folder}/tails`, "utf8").trimEnd().split("\n").map(JSON.parse);
const connected = async () => {
  const client = createClient({ socket: { path: url.replace("unix://", "") } });
  return await client.connect();
};

if (way === "emit") {
  const emitter = new Emitter(await connected());
  for await (const line of createInterface({ input: process.stdin })) {
    const space = line.indexOf(" ");
    const shared = JSON.parse(line.slice(space + 1));
    emitter.to(line.slice(0, space)).emit("view", { ...shared, you: tails[0] });
  }
  process.exit();
}

const http = createServer();
const io = new Server(http, {
  adapter: createAdapter(await connected(), await connected()),
  transports: ["websocket"],
});
io.on("connection", (socket) => {
  const { room, person } = socket.handshake.query;
  socket.data.tail = tails[Number(person)];
  socket.join(room);
  socket.emit("hello");
});
if (way === "personal") {
  const subscriber = await connected();
  await subscriber.pSubscribe("room:*", (data, channel) => {
    const shared = JSON.parse(data);
    for (const id of io.of("/").adapter.rooms.get(channel.slice(5)) ?? []) {
      const socket = io.of("/").sockets.get(id);
      socket?.emit("view", { ...shared, you: socket.data.tail });
    }
  });
}
http.listen(0, "127.0.0.1", 2048, () => console.log(http.address().port));
