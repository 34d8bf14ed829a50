// UDP echo on node:dgram: one send per datagram, which is all that node:dgram offers. No callback to send(), so that no
// request object is kept for it; a failed send is then an 'error' event, counted and survived.
import { createSocket } from 'node:dgram'
import { announce, endWithInput } from './driver-protocol.js'

let answers = 0
let errors = 0

const socket = createSocket('udp4')
socket.on('message', (message, peer) => {
  socket.send(message, peer.port, peer.address)
  answers++
})
socket.on('error', () => errors++)
socket.bind(0, '127.0.0.1', () => announce(socket.address().port))
endWithInput(async () => {
  socket.close()
  return { answers, errors }
})
