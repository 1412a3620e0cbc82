// In the place of the ways by which socket.io could reach the server without a web socket; Reflex asks for that one only.
class NoTransport {}
export const XHR = NoTransport;
export const WT = NoTransport;
