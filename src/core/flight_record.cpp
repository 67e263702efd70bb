#include "glid/core/flight_record.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string_view>
#include <vector>

#include "glid/core/clock.h"
#include "glid/core/environment.h"
#include "glid/core/format.h"
#include "glid/core/utf8.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr int kFatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr size_t kSignalStackBytes = 64 << 10;  // a stack that is full has no room for a handler
constexpr std::string_view kNow = "flight_rank", kBefore = "flight_before_rank", kEnd = ".json";

struct sigaction former[std::size(kFatal)];

int64_t microseconds(double seconds) { return static_cast<int64_t>(seconds * 1e6); }

const char* reason_of(int signal) {
  switch (signal) {
    case SIGSEGV: return "signal 11 (Segmentation fault)";
    case SIGBUS: return "signal 7 (Bus error)";
    case SIGFPE: return "signal 8 (Floating point exception)";
    case SIGILL: return "signal 4 (Illegal instruction)";
    default: return "signal 6 (Aborted)";
  }
}

// What comes next is what would have come without us: a fault happens again, a signal that was sent is sent again.
extern "C" void on_fatal_signal(int signal, siginfo_t* info, void*) {
  flight_record().save(reason_of(signal));
  const size_t place = static_cast<size_t>(std::ranges::find(kFatal, signal) - std::begin(kFatal));
  ::sigaction(signal, &former[place], nullptr);
  if (info->si_code <= 0) ::raise(signal);
}

void handle_fatal_signals() {
  static const bool once = [] {
    static std::array<std::byte, kSignalStackBytes> bytes;
    const stack_t stack{.ss_sp = bytes.data(), .ss_flags = 0, .ss_size = bytes.size()};
    stack_t used{};
    if (::sigaltstack(nullptr, &used) == 0 && (used.ss_flags & SS_DISABLE)) ::sigaltstack(&stack, nullptr);
    struct sigaction action {};
    action.sa_sigaction = on_fatal_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < std::size(kFatal); ++i) ::sigaction(kFatal[i], &action, &former[i]);
    return true;
  }();
  static_cast<void>(once);
}

// Calls `item(i)` for the places of the last `most` of `count`, in their order.
template <typename Item>
void each_of_last(uint64_t count, uint64_t most, const Item& item) {
  for (uint64_t i = count > most ? count - most + 1 : 1; i <= count; ++i) item(i);
}

// The files of a rank; of rank 0 those of ranks that there are no more, too.
std::vector<fs::path> files_of(const fs::path& out, std::string_view beginning, std::string_view end, int rank,
                               int num_ranks) {
  std::vector<fs::path> found;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(out, missing)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(beginning) || !name.ends_with(end)) continue;
    const int owner = std::atoi(name.c_str() + beginning.size());
    if (owner == rank || (rank == 0 && owner >= num_ranks)) found.push_back(entry.path());
  }
  return found;
}

void sleep_a_little() {
  const timespec ten_ms{0, 10'000'000};
  ::nanosleep(&ten_ms, nullptr);
}

}  // namespace

// Objects and lists on lines of their own, but those of numbers.
class FlightRecord::Text {
 public:
  explicit Text(int fd) : fd_(fd) {}

  Text& operator<<(const char* text) {
    while (*text) put(*text++);
    return *this;
  }
  Text& operator<<(int64_t number) {
    char digits[24];
    size_t n = 0;
    uint64_t rest = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    do digits[n++] = static_cast<char>('0' + rest % 10);
    while (rest /= 10);
    if (number < 0) put('-');
    while (n > 0) put(digits[--n]);
    return *this;
  }
  Text& seconds(int64_t us) {
    if (us < 0) us = 0;
    *this << us / 1'000'000 << ".";
    for (int64_t unit = 100'000, rest = us % 1'000'000; unit > 0; unit /= 10) put(static_cast<char>('0' + rest / unit % 10));
    return *this;
  }
  Text& inside(const char* text) {  // of a string
    for (; *text; ++text) {
      if (*text == '"' || *text == '\\') put('\\');
      put(static_cast<unsigned char>(*text) < ' ' ? ' ' : *text);
    }
    return *this;
  }
  bool flush() {
    for (size_t done = 0; ok_ && done < size_;) {
      const ssize_t n = ::write(fd_, buffer_ + done, size_ - done);
      ok_ = n > 0;
      if (ok_) done += static_cast<size_t>(n);
    }
    size_ = 0;
    return ok_;
  }

 private:
  void put(char c) {
    if (size_ == sizeof buffer_) flush();
    buffer_[size_++] = c;
  }

  int fd_;
  bool ok_ = true;
  size_t size_ = 0;
  char buffer_[2048];
};

FlightRecord& flight_record() {
  static FlightRecord& instance = *new FlightRecord;  // signals still come when statics are gone
  return instance;
}

fs::path FlightRecord::file_of(const fs::path& out, int rank) { return out / format("{}{}{}", kNow, rank, kEnd); }

void FlightRecord::set_aside(const fs::path& out, int rank, int num_ranks) {
  std::error_code failed;
  for (const fs::path& record : files_of(out, kNow, kEnd, rank, num_ranks))
    fs::rename(record, out / (std::string(kBefore) + record.filename().string().substr(kNow.size())), failed);
}

void FlightRecord::remove(const fs::path& out, int rank, int num_ranks) {
  std::error_code failed;
  for (const std::string_view beginning : {kNow, kBefore})
    for (const std::string_view end : {kEnd, std::string_view(".tmp")})  // of a process that was killed while it wrote
      for (const fs::path& record : files_of(out, beginning, end, rank, num_ranks)) fs::remove(record, failed);
}

void FlightRecord::start(const fs::path& out, int rank, int num_ranks) {
  file_ = file_of(out, rank).string();
  temporary_ = file_ + format(".{:06x}.tmp", ::getpid() & 0xffffff);  // as leftovers.h knows them
  host_ = to_utf8(host_name());
  rank_ = rank;
  num_ranks_ = num_ranks;
  started_ = true;
  handle_fatal_signals();
}

bool FlightRecord::save(const char* reason) noexcept {
  constexpr int kPatience = 500;  // times ten ms, while another thread writes: who calls may be about to end the process
  if (writing_.exchange(true)) {
    for (int i = 0; i < kPatience && writing_; ++i) sleep_a_little();
    return false;
  }
  const bool first = started_.exchange(false);
  const bool saved = first && write(reason) && ::rename(temporary_.c_str(), file_.c_str()) == 0;
  if (first && !saved) ::unlink(temporary_.c_str());
  writing_ = false;
  return saved;
}

void FlightRecord::begin_step(int64_t step, double data_wait_s) {
  Step& next = steps_[(num_steps_ + 1) % kSteps];
  next.step = step;
  next.end_ns = 0;
  next.wait_us = microseconds(data_wait_s);
  next.begin_ns = monotonic_ns();
  ++num_steps_;
}

void FlightRecord::end_step(double data_wait_s) {
  Step& last = last_step();
  last.wait_us = microseconds(data_wait_s) - last.wait_us;
  last.end_ns = monotonic_ns();
}

void FlightRecord::begin_samples(int64_t epoch) {
  Batch& next = batches_[(num_batches_ + 1) % kBatches];
  next.count = 0;
  next.step = last_step().step.load();
  next.epoch = epoch;
  ++num_batches_;
}

void FlightRecord::add_sample(int64_t id) {
  Batch& last = last_batch();
  const auto place = static_cast<size_t>(last.count++);
  if (place < kSamples) last.ids[place] = id;
}

void FlightRecord::begin_collective(const char* kind, const char* what) {
  Collective& next = collectives_[(num_collectives_ + 1) % kCollectives];
  next.end_ns = 0;
  next.kind = kind;
  next.what = what;
  next.step = last_step().step.load();
  next.begin_ns = monotonic_ns();
  ++num_collectives_;
}

void FlightRecord::end_collective() { last_collective().end_ns = monotonic_ns(); }

bool FlightRecord::write(const char* reason) const {
  const int fd = ::open(temporary_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
  if (fd < 0) return false;
  const int64_t now = monotonic_ns();
  Text text(fd);
  text << "{\n  \"reason\": \"";
  text.inside(reason) << "\",\n  \"rank\": " << int64_t{rank_} << ",\n  \"ranks\": " << int64_t{num_ranks_};
  text << ",\n  \"host\": \"";
  text.inside(host_.c_str()) << "\",\n  \"pid\": " << int64_t{::getpid()} << ",\n  \"seconds_since_1970\": ";
  text.seconds(clock_ns(CLOCK_REALTIME) / 1000) << ",\n  \"step\": " << steps_[num_steps_ % kSteps].step;
  write_collectives(text, now);
  write_steps(text, now);
  write_batches(text);
  text << "\n}\n";
  const bool is_whole = text.flush() && ::fsync(fd) == 0;
  ::close(fd);
  return is_whole;
}

void FlightRecord::write_collectives(Text& text, int64_t now_ns) const {
  const char* between = "\n";
  text << ",\n  \"collectives\": [";
  each_of_last(num_collectives_, kCollectives - 1, [&](uint64_t i) {
    const Collective& call = collectives_[i % kCollectives];
    const bool has_returned = call.end_ns != 0;
    text << between << "    {\"sequence\": " << static_cast<int64_t>(i) << ", \"name\": \"";
    text.inside(call.kind).inside(*call.what.load() ? " " : "").inside(call.what);
    text << "\", \"step\": " << call.step << ", \"returned\": " << (has_returned ? "true" : "false") << ", \"seconds\": ";
    text.seconds(((has_returned ? call.end_ns.load() : now_ns) - call.begin_ns) / 1000) << ", \"begun_seconds_ago\": ";
    text.seconds((now_ns - call.begin_ns) / 1000) << "}";
    between = ",\n";
  });
  text << "\n  ]";
}

void FlightRecord::write_steps(Text& text, int64_t now_ns) const {
  const char* between = "\n";
  text << ",\n  \"steps\": [";
  each_of_last(num_steps_, kSteps - 1, [&](uint64_t i) {
    const Step& step = steps_[i % kSteps];
    const bool is_done = step.end_ns != 0;
    text << between << "    {\"step\": " << step.step << ", \"done\": " << (is_done ? "true" : "false") << ", \"seconds\": ";
    text.seconds(((is_done ? step.end_ns.load() : now_ns) - step.begin_ns) / 1000) << ", \"data_wait_seconds\": ";
    text.seconds(is_done ? step.wait_us.load() : 0) << "}";
    between = ",\n";
  });
  text << "\n  ]";
}

void FlightRecord::write_batches(Text& text) const {
  const char* between = "\n";
  text << ",\n  \"batches\": [";
  each_of_last(num_batches_, kBatches - 1, [&](uint64_t i) {
    const Batch& batch = batches_[i % kBatches];
    text << between << "    {\"step\": " << batch.step << ", \"epoch\": " << batch.epoch << ", \"images\": " << batch.count;
    text << ", \"samples\": [";
    const auto kept = std::min(static_cast<size_t>(batch.count), kSamples);
    for (size_t k = 0; k < kept; ++k) text << (k == 0 ? "" : ", ") << batch.ids[k];
    text << "]}";
    between = ",\n";
  });
  text << "\n  ]";
}

}  // namespace glid
