import netvolley = require('netvolley')

const server: netvolley.RequestServer = new netvolley.RequestServer({
  framing: { kind: 'lengthPrefixed', bytes: 4, endian: 'little' },
  batchHandler: (batch) => {
    for (let i = batch.first; i !== batch.end; i++) batch.replyInPlace(i, 0, batch.headerBytes[i] + batch.bodyBytes[i])
  },
})
server.destroy()
