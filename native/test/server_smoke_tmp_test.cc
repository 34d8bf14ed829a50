#include "test/fake_server.h"
namespace netvolley::test {
TEST("[SV14] smoke") {
  FakeServer s(1, {small_config()});
  s.handler = FakeServer::echo;
  FakeClient c = s.connect();
  c.send(frame16(bytes_of("hello")));
  s.settle();
  CHECK_EQ(c.readable(), 7u);
  s.drain(1000);
  s.run_for(3000);
  s.check_finished();
}
}
