/** The contract of UdpSocket, by jest. `node scripts/contract.mjs` runs the same functions without it. */
import * as netvolley from 'netvolley'
import { jestKit } from './jest-kit'
import { udpContract } from './udp'
import { udpSubjects } from './udp/subject'

for (const subject of udpSubjects(netvolley)) {
  describe(subject.name, () => {
    udpContract(jestKit, subject)
  })
}
