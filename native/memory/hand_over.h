#pragma once

#include <atomic>
#include <cstdint>

// The two halves of the hand-over between two threads that share memory: a producer that rings only a sleeping
// consumer, and a consumer that goes to sleep without losing an entry. ARCHITECTURE.md has the proof, native/test the
// model test that runs every interleaving of these very functions. `Word` is SharedWord, or the model's.
namespace netvolley {

// A u32 in shared memory. Always sequentially consistent: the proof needs one total order of all operations.
class SharedWord {
 public:
  explicit SharedWord(uint32_t* word) : word_(word) {}
  uint32_t load() const { return std::atomic_ref<uint32_t>(*word_).load(); }
  void store(uint32_t value) { std::atomic_ref<uint32_t>(*word_).store(value); }
  uint32_t exchange(uint32_t value) { return std::atomic_ref<uint32_t>(*word_).exchange(value); }

 private:
  uint32_t* word_;
};

// The producer's last step: the entries before `tail` become visible. True = the other side slept and the caller,
// alone, has to ring it.
template <class Word>
[[nodiscard]] bool publish(Word& tail, uint32_t value, Word& sleeps) {
  tail.store(value);
  return sleeps.load() != 0 && sleeps.exchange(0) == 1;
}

// The consumer's last step: it says that it sleeps, then looks once more. False = there is work and nobody will ring,
// so the caller goes on. Where another side has already taken the word, a ring is under way: sleeping is right.
template <class Word, class HasWork>
[[nodiscard]] bool fall_asleep(Word& sleeps, HasWork has_work) {
  sleeps.store(1);
  return !(has_work() && sleeps.exchange(0) == 1);
}

}  // namespace netvolley
