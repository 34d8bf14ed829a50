import { TcpClient, frame } from '../support/tcp-client'
import { UdpClient } from '../support/udp-client'
import type { Contract } from './contract'
import { U16, required, runningServer } from './running'

export const addressesContract: Contract = (t, subject) => {
  const tellRemote = (): InstanceType<typeof subject.RequestServer> => {
    const tell = ({ remote }: { remote: object }): Buffer => Buffer.from(JSON.stringify(remote))
    const { drive } = subject
    if (subject.style === 'handler') return new subject.RequestServer({ framing: U16, drive, handler: tell })
    return new subject.RequestServer({
      framing: U16,
      drive,
      batchHandler: (batch) => {
        for (let i = batch.first; i < batch.end; i++) {
          const request = batch.requestOf(i)
          request.reply(tell(request))
        }
      },
    })
  }

  for (const [host, clients] of [
    ['127.0.0.1', ['127.0.0.1']],
    ['0.0.0.0', ['127.0.0.1']],
    ['::1', ['::1']],
    ['::', ['::1', '127.0.0.1']],
    ['::ffff:127.0.0.1', ['127.0.0.1']],
  ] as const) {
    t.test(
      `[SV2] listening on ${host}: clients at ${clients.join(' and ')} are served and shown as what they are`,
      () =>
        runningServer(
          t,
          tellRemote(),
          async ({ address }) => {
            for (const at of clients) {
              const family = at.includes(':') ? 'IPv6' : 'IPv4'
              const tcp = await TcpClient.connect({ address: at, port: required(address.tcp).port })
              tcp.send(frame(2, 'who am I'))
              t.equal(JSON.parse((await tcp.receiveFrame(2)).toString()), {
                address: tcp.socket.localAddress,
                port: tcp.socket.localPort,
                family,
              })
              const udp = await UdpClient.open({ address: at, port: required(address.udp).port })
              const { address: own, port } = udp.socket.address()
              t.equal(JSON.parse((await udp.ask('who am I')).toString()), { address: own, port, family })
              tcp.close()
              udp.close()
            }
          },
          host,
        ),
    )
  }
}
