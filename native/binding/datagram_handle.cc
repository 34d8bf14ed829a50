#include "binding/datagram_handle.h"

#include <algorithm>
#include <cerrno>
#include <semaphore>

#include "binding/arguments.h"
#include "binding/datagram_fields.h"
#include "binding/shared_links.h"
#include "engine/peer_table.h"

namespace netvolley {

namespace {

constexpr size_t kLinkSizes = 4;
// A queued send names its link in 16 bits.
constexpr size_t kMostLinks = size_t{1} << 16;

DatagramLinkSizes sizes_of(const uint32_t* sizes) {
  DatagramLinkSizes result;
  result.receive_entries = sizes[0];
  result.return_entries = sizes[1];
  result.send_entries = sizes[2];
  result.completion_entries = sizes[3];
  return result;
}

}  // namespace

Napi::Function DatagramHandle::define(Napi::Env env) {
  using Handle = DatagramHandle;
  return DefineClass(
      env, "DatagramHandle",
      {InstanceMethod<&Handle::add_link>("addLink"), InstanceMethod<&Handle::share_link>("shareLink"),
       InstanceMethod<&Handle::forget_link>("forgetLink"), InstanceMethod<&Handle::add_area>("addArea"),
       InstanceMethod<&Handle::open>("open"), InstanceMethod<&Handle::connect>("connect"),
       InstanceMethod<&Handle::disconnect>("disconnect"), InstanceMethod<&Handle::set_reading>("setReading"),
       InstanceMethod<&Handle::set_socket_option>("setSocketOption"),
       InstanceMethod<&Handle::get_socket_option>("getSocketOption"), InstanceMethod<&Handle::set_hot>("setHot"),
       InstanceMethod<&Handle::membership>("membership"), InstanceMethod<&Handle::steer>("steer"),
       InstanceMethod<&Handle::cancel>("cancel"), InstanceMethod<&Handle::kernel_drops>("kernelDrops"),
       InstanceMethod<&Handle::close>("close"), InstanceMethod<&Handle::abort>("abort"),
       InstanceMethod<&Handle::fail>("fail"), InstanceMethod<&Handle::dispose>("dispose")});
}

DatagramHandle::DatagramHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<DatagramHandle>(info), views_(std::make_shared<Views>()) {
  EngineHandle* engine = EngineHandle::Unwrap(info[0].As<Napi::Object>());
  const double* fields = bytes_of<double>(info[1], kDatagramFields * sizeof(double));
  // An environment that is being terminated: JavaScript will not see this object.
  if (engine == nullptr || engine->parts()->closed || fields == nullptr) return;
  config_ = datagram_config_of(fields);
  const uint64_t slab_bytes = datagram_slab_bytes(config_);
  DatagramSocketMemory memory;
  memory.slab = bytes_of(info[2], slab_bytes);
  memory.peers = bytes_of(info[3], uint64_t{config_.max_peers} * kPeerBytes);
  memory.page = bytes_of(info[4], socket_page_bytes(datagram_slots(config_)));
  if (memory.slab == nullptr || memory.peers == nullptr || memory.page == nullptr) return;
  parts_ = engine->parts();
  core_ = parts_->core;
  for (int i = 2; i <= 4; ++i) views_->keep(info[i]);
  views_->account(parts_->env, static_cast<int64_t>(slab_bytes));
  socket_ = std::make_shared<UdpSocket>(core_->reactor(), config_, memory);
  parts_->socket_views.push_back(views_);
}

bool DatagramHandle::add_link(const Napi::CallbackInfo& info, std::shared_ptr<Bell> bell,
                              const std::shared_ptr<Views>& views) {
  const uint32_t* numbers = bytes_of<uint32_t>(info[3], kLinkSizes * sizeof(uint32_t));
  if (!usable() || numbers == nullptr || links_.size() == kMostLinks) return false;
  const DatagramLinkSizes sizes = sizes_of(numbers);
  const uint64_t link_bytes = datagram_link_bytes(sizes);
  DatagramLink::Parts parts;
  parts.memory = bytes_of(info[0], link_bytes);
  parts.sizes = sizes;
  const uint8_t* transmit = bytes_of(info[1], 1);
  parts.destinations = reinterpret_cast<const Address*>(bytes_of(info[2], kDestinationBytes));
  if (parts.memory == nullptr || transmit == nullptr || parts.destinations == nullptr) return false;
  const auto bytes = [](const Napi::Value& view) { return view.As<Napi::Uint8Array>().ByteLength(); };
  parts.destination_count = static_cast<uint32_t>(bytes(info[2]) / kDestinationBytes);
  parts.areas = std::make_shared<SendAreas>();
  parts.areas->areas[0] = {transmit, bytes(info[1])};
  parts.bell = std::move(bell);
  for (int i = 0; i <= 2; ++i) views->keep(info[i]);
  views->account(parts_->env, static_cast<int64_t>(link_bytes));
  links_.push_back({parts.areas, 1, views});
  parts_->drive->run([socket = socket_, parts] { socket->add_link(parts); });
  return true;
}

Napi::Value DatagramHandle::add_link(const Napi::CallbackInfo& info) {
  const bool added = usable() && add_link(info, parts_->drive->bell(), views_);
  return Napi::Number::New(info.Env(), added ? static_cast<double>(links_.size() - 1) : -1);
}

Napi::Value DatagramHandle::share_link(const Napi::CallbackInfo& info) {
  const auto bell = std::make_shared<RelayBell>();
  const auto views = std::make_shared<Views>();
  if (!add_link(info, bell, views)) return Napi::Number::New(info.Env(), -1);
  parts_->socket_views.push_back(views);
  const auto link = static_cast<uint32_t>(links_.size() - 1);
  return Napi::Number::New(info.Env(), SharedLinks::instance().add({core_, socket_, link, bell}));
}

void DatagramHandle::forget_link(const Napi::CallbackInfo& info) {
  const uint32_t link = u32_of(info[0]);
  if (link == 0 || link >= links_.size()) return;
  let_go(links_[link].views);
  links_[link] = {};
}

void DatagramHandle::let_go(const std::shared_ptr<Views>& views) {
  if (views == nullptr) return;
  views->release(parts_->env);
  auto& all = parts_->socket_views;
  all.erase(std::remove(all.begin(), all.end(), views), all.end());
}

Napi::Value DatagramHandle::add_area(const Napi::CallbackInfo& info) {
  const uint32_t link = u32_of(info[0]);
  const uint8_t* area = bytes_of(info[1], 1);
  const bool room = usable() && area != nullptr && link < links_.size() && links_[link].areas != nullptr &&
                    links_[link].count < kMaxSendAreas;
  if (!room) return Napi::Number::New(info.Env(), -1);
  links_[link].views->keep(info[1]);
  const uint32_t number = links_[link].count++;
  links_[link].areas->areas[number] = {area, info[1].As<Napi::Uint8Array>().ByteLength()};
  return Napi::Number::New(info.Env(), number);
}

// info[0], info[1]: host and port, of the socket's family.
int DatagramHandle::parse(const Napi::CallbackInfo& info, Address* out) const {
  const ShortText host(info[0]);
  if (!Address::parse_scoped(host.view(), static_cast<uint16_t>(u32_of(info[1])), out)) return EINVAL;
  if (config_.kind.dual) *out = out->mapped();
  const bool is_ipv6 = out->size() > 16;
  return is_ipv6 == (config_.kind.family == Family::kIpv6) ? 0 : EAFNOSUPPORT;
}

Napi::Value DatagramHandle::open(const Napi::CallbackInfo& info) {
  uint8_t* bound = bytes_of(info[2], kPeerBytes);
  Address at;
  int error = bound == nullptr || !usable() ? EBADF : parse(info, &at);
  if (error == 0) error = start(at, bound);
  return result(info, error);
}

int DatagramHandle::start(const Address& at, uint8_t* bound) {
  Reactor& reactor = core_->reactor();
  const IoResult opened = reactor.system().datagrams.open(at, config_.socket, &local_);
  if (!opened.ok()) return opened.error;
  write_peer(bound, 0, local_);
  socket_->fd().adopt(static_cast<int>(opened.count));
  // A failure to watch it finishes the socket: its page says so, and JavaScript is rung.
  parts_->drive->run([&reactor, socket = socket_] {
    reactor.add(socket);
    (void)socket->start();
  });
  return 0;
}

int DatagramHandle::set_error_queue(bool on) {
  const SocketKind kind = config_.kind;
  return socket_->fd().with(
      [&](int fd) { return netvolley::set_socket_option(fd, kind, SocketOption::kErrorQueue, on ? 1 : 0); });
}

Napi::Value DatagramHandle::connect(const Napi::CallbackInfo& info) {
  Address to;
  Address local;
  uint8_t* bound = bytes_of(info[2], kPeerBytes);
  int error = usable() && bound != nullptr ? parse(info, &to) : EBADF;
  const bool error_queue = config_.icmp_errors != IcmpErrors::kOff;
  if (error == 0 && config_.icmp_errors == IcmpErrors::kConnected) error = set_error_queue(true);
  if (error == 0) {
    error = socket_->fd().with([&](int fd) {
      const int failed = connect_datagram(fd, to);
      return failed != 0 ? failed : local_address(fd, &local);
    });
  }
  // Errors that nobody takes out of the queue would fail what is sent to others, and be reported for ever.
  if (error != 0 && usable() && config_.icmp_errors == IcmpErrors::kConnected) set_error_queue(false);
  if (error != 0) return result(info, error);
  write_peer(bound, 0, local);
  parts_->drive->run([socket = socket_, to, error_queue] { socket->set_connected(&to, error_queue); });
  return result(info, 0);
}

Napi::Value DatagramHandle::disconnect(const Napi::CallbackInfo& info) {
  if (!usable()) return result(info, EBADF);
  int error = EBADF;
  std::binary_semaphore done(0);
  // Between two sends of the reactor, which never waits for this thread. Said by the end of the command, so that one
  // that is dropped says it too.
  std::shared_ptr<void> over(nullptr, [&done](void*) { done.release(); });
  parts_->drive->run([this, &error, over = std::move(over)] { error = disconnect_now(); });
  done.acquire();
  return result(info, error);
}

int DatagramHandle::disconnect_now() {
  socket_->address_queued();
  int error = socket_->fd().with([&](int fd) { return disconnect_datagram(fd, local_); });
  if (error == 0 && config_.icmp_errors == IcmpErrors::kConnected) error = set_error_queue(false);
  if (error == EBADF) return error;  // it has ended meanwhile
  socket_->set_connected(nullptr, config_.icmp_errors == IcmpErrors::kOn);
  // Its port is gone: nobody can reach it where it says that it is.
  if (error != 0) socket_->fail(error);
  return error;
}

void DatagramHandle::set_reading(const Napi::CallbackInfo& info) {
  const bool on = bool_of(info[0]);
  if (usable()) parts_->drive->run([socket = socket_, on] { socket->set_reading(on); });
}

Napi::Value DatagramHandle::set_socket_option(const Napi::CallbackInfo& info) {
  const uint32_t option = u32_of(info[0]);
  const auto value = static_cast<int64_t>(number_of(info[1]));
  if (!usable()) return result(info, EBADF);
  if (option >= static_cast<uint32_t>(SocketOption::kCount)) return result(info, EINVAL);
  return result(info, socket_->fd().with([&](int fd) {
    return netvolley::set_socket_option(fd, config_.kind, static_cast<SocketOption>(option), value);
  }));
}

Napi::Value DatagramHandle::get_socket_option(const Napi::CallbackInfo& info) {
  const uint32_t option = u32_of(info[0]);
  int64_t value = -1;
  const auto read = [&](int fd) {
    value = netvolley::get_socket_option(fd, static_cast<SocketOption>(option));
    return 0;
  };
  if (usable() && option < static_cast<uint32_t>(SocketOption::kCount)) socket_->fd().with(read);
  return Napi::Number::New(info.Env(), static_cast<double>(value));
}

void DatagramHandle::set_hot(const Napi::CallbackInfo& info) {
  const uint32_t option = u32_of(info[0]);
  const double value = number_of(info[1]);
  if (!usable() || option >= static_cast<uint32_t>(HotOption::kCount)) return;
  parts_->drive->run([socket = socket_, option, value] { socket->set(static_cast<HotOption>(option), value); });
}

Napi::Value DatagramHandle::membership(const Napi::CallbackInfo& info) {
  const ShortText group(info[0]), source(info[1]), name(info[2]);
  Membership membership;
  membership.join = bool_of(info[3]);
  if (!usable()) return result(info, EBADF);
  if (!Address::parse_scoped(group.view(), 0, &membership.group)) return result(info, EINVAL);
  if (!source.empty() && !Address::parse_scoped(source.view(), 0, &membership.source)) return result(info, EINVAL);
  membership.interface_index = name.empty() ? 0 : interface_index(name.view());
  if (!name.empty() && membership.interface_index == 0) return result(info, ENODEV);
  return result(info, socket_->fd().with([&](int fd) { return change_membership(fd, membership); }));
}

Napi::Value DatagramHandle::steer(const Napi::CallbackInfo& info) {
  const uint32_t count = u32_of(info[0]);
  if (!usable()) return result(info, EBADF);
  return result(info, socket_->fd().with([count](int fd) { return steer_by_cpu(fd, count); }));
}

void DatagramHandle::cancel(const Napi::CallbackInfo& info) {
  const uint32_t token = u32_of(info[0]);
  if (usable()) parts_->drive->run([socket = socket_, token] { socket->cancel(0, token); });
}

Napi::Value DatagramHandle::kernel_drops(const Napi::CallbackInfo& info) {
  const uint64_t drops = socket_ == nullptr ? 0 : socket_->fd().drops();
  return Napi::Number::New(info.Env(), static_cast<double>(drops));
}

void DatagramHandle::close(const Napi::CallbackInfo&) {
  if (usable()) parts_->drive->run([socket = socket_] { socket->close(); });
}

void DatagramHandle::fail(const Napi::CallbackInfo& info) {
  const auto error = static_cast<int>(u32_of(info[0]));
  if (usable()) parts_->drive->run([socket = socket_, error] { socket->fail(error); });
}

void DatagramHandle::abort(const Napi::CallbackInfo&) {
  if (usable()) parts_->drive->run([socket = socket_] { socket->abort(); });
}

void DatagramHandle::dispose(const Napi::CallbackInfo&) {
  if (socket_ == nullptr) return;
  SharedLinks::instance().forget(socket_.get());
  socket_.reset();
  core_.reset();
  for (const LinkAreas& link : links_) let_go(link.views);
  links_.clear();
  let_go(views_);
}

}  // namespace netvolley
