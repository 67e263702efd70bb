#include "glid/formats/pickle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "glid/core/format.h"
#include "pickle_builder.h"

namespace glid {
namespace {

constexpr uint8_t kProtocol = 0x80;

// The machine that a pickle is a program of: a stack of values with marks, and numbered values to come back to.
class Unpickler : private PickleBuilder {
 public:
  Unpickler(std::string_view bytes, const std::string& where, Pickle& pickle)
      : PickleBuilder(pickle, bytes.size(), where), rest_(bytes), max_memo_(std::min(bytes.size(), kMaxPickleValues)) {}

  void run() {
    check_protocol();
    const size_t size = rest_.size();
    while (!stopped_) {
      const auto code = number<uint8_t>();
      const Handler handler = handlers()[code];
      if (!handler) fail("is damaged: a pickle with an unknown opcode", format("0x{:02x}", code));
      handler(*this);
    }
    set_root(pop(), size - rest_.size());
  }

 private:
  using Handler = void (*)(Unpickler&);
  using Handlers = std::array<Handler, 256>;

  void check_protocol() const {
    if (rest_.empty()) fail("is truncated: no pickle");
    if (static_cast<uint8_t>(rest_[0]) != kProtocol)
      fail("is no pickle, or one of protocol 0 or 1", {}, "write it again with protocol 2 or later");
  }

  void read_protocol() {
    const auto protocol = number<uint8_t>();
    if (protocol < 2 || protocol > 5) fail("is a pickle of an unknown protocol, or damaged", std::to_string(protocol));
  }

  void check_frame() {
    const auto size = number<uint64_t>();
    if (size > rest_.size())
      fail("is truncated or damaged: a frame of the pickle doesn't fit", format("{} of {} bytes", size, rest_.size()));
  }

  void refuse_text_opcode() const {
    fail("is a pickle with opcodes of protocol 0 or 1", {}, "write it again with protocol 2 or later");
  }

  // ---- the text

  std::string_view take(uint64_t size) {
    if (size > rest_.size())
      fail("is truncated or damaged: a value of the pickle doesn't fit", format("{} of {} bytes", size, rest_.size()));
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  template <typename T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

  // Without the newline that ends it.
  std::string_view line() {
    const size_t end = rest_.find('\n');
    if (end == std::string_view::npos) fail("is truncated or damaged: a name without end");
    const std::string_view taken = take(end + 1);
    return taken.substr(0, end);
  }

  // ---- the stack

  void push(PickleId id) {
    if (stack_.size() == kMaxPickleValues) fail_too_many();
    stack_.push_back(id);
  }

  void mark() {
    if (marks_.size() == kMaxPickleValues) fail_too_many();
    marks_.push_back(static_cast<uint32_t>(stack_.size()));
  }

  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  PickleId top() const {
    if (stack_.size() == floor()) fail("is damaged: a pickle that takes more than it has");
    return stack_.back();
  }

  PickleId pop() {
    const PickleId id = top();
    stack_.pop_back();
    return id;
  }

  // The values above the last mark, which goes. They stand until the next push().
  Ids pop_to_mark() {
    if (marks_.empty()) fail("is damaged: a pickle that takes more than it has");
    const size_t begin = marks_.back();
    marks_.pop_back();
    const Ids ids(stack_.data() + begin, stack_.size() - begin);
    stack_.resize(begin);
    return ids;
  }

  void push_tuple_of(size_t size) {
    std::array<PickleId, 3> ids{};
    for (size_t i = size; i-- > 0;) ids[i] = pop();
    push(make_items(PickleKind::kTuple, Ids(ids.data(), size)));
  }

  void pop_or_unmark() {
    if (!marks_.empty() && stack_.size() == floor()) marks_.pop_back();
    else pop();
  }

  // ---- what changes a value

  void extend_by_top(PickleKind kind, size_t size) {
    std::array<PickleId, 2> ids{};
    for (size_t i = size; i-- > 0;) ids[i] = pop();
    extend(kind, top(), Ids(ids.data(), size));
  }

  void extend_to_mark(PickleKind kind) {
    const Ids items = pop_to_mark();
    if (kind == PickleKind::kDict) check_pairs(items);
    extend(kind, top(), items);
  }

  void check_pairs(Ids items) const {
    if (items.size() % 2 != 0) fail("is damaged: a dictionary with half a pair");
  }

  void push_dict() {
    const Ids items = pop_to_mark();
    check_pairs(items);
    push(make_items(PickleKind::kDict, items));
  }

  void build() {
    const PickleId state = pop();
    set_state(top(), state);
  }

  void push_object() {
    const PickleId arguments = pop();
    const PickleId made_by = pop();
    push(make_object(made_by, arguments));
  }

  void push_marked_object() {
    const Ids ids = pop_to_mark();
    if (ids.empty()) fail("is damaged: an object without a class");
    const PickleId made_by = ids[0];
    push(make_object(made_by, make_items(PickleKind::kTuple, ids.subspan(1))));
  }

  void push_global() {
    const PickleId module = make_text(PickleKind::kText, line());
    const PickleId name = make_text(PickleKind::kText, line());
    push(make_items(PickleKind::kGlobal, std::array{module, name}));
  }

  void push_stack_global() {
    const PickleId name = pop();
    const PickleId module = pop();
    if (!is(name, PickleKind::kText) || !is(module, PickleKind::kText)) fail("is damaged: a class without name");
    push(make_items(PickleKind::kGlobal, std::array{module, name}));
  }

  // ---- values to come back to; writers number them from 0

  void put(uint64_t index) {
    if (index > max_memo_) fail("is damaged: a pickle with an impossible memo", std::to_string(index));
    if (index >= memo_.size())
      memo_.resize(std::max<size_t>(index + 1, std::min(2 * memo_.size(), max_memo_ + 1)), kNowhere);
    memo_[index] = top();
    memo_size_ = std::max<size_t>(memo_size_, index + 1);
  }

  void get(uint64_t index) {
    if (index >= memo_.size() || memo_[index] == kNowhere)
      fail("is damaged: a pickle that comes back to what it lacks", std::to_string(index));
    push(memo_[index]);
  }

  static const Handlers& handlers();
  static void add_numbers_and_texts(Handlers& on);
  static void add_containers(Handlers& on);
  static void add_objects_and_memo(Handlers& on);

  static constexpr PickleId kNowhere = ~PickleId{0};

  std::string_view rest_;
  bool stopped_ = false;
  std::vector<PickleId> stack_;
  std::vector<uint32_t> marks_;  // sizes of the stack
  std::vector<PickleId> memo_;
  size_t memo_size_ = 0;
  size_t max_memo_;  // by the pickle's size
};

void Unpickler::add_numbers_and_texts(Handlers& on) {
  using U = Unpickler;
  using K = PickleKind;
  on['N'] = [](U& u) { u.push(u.make(K::kNone)); };
  on[0x88] = [](U& u) { u.push(u.make_int(K::kBool, 1)); };
  on[0x89] = [](U& u) { u.push(u.make_int(K::kBool, 0)); };
  on['J'] = [](U& u) { u.push(u.make_int(K::kInt, u.number<int32_t>())); };
  on['K'] = [](U& u) { u.push(u.make_int(K::kInt, u.number<uint8_t>())); };
  on['M'] = [](U& u) { u.push(u.make_int(K::kInt, u.number<uint16_t>())); };
  on[0x8a] = [](U& u) { u.push(u.make_long(u.take(u.number<uint8_t>()))); };
  on[0x8b] = [](U& u) { u.push(u.make_long(u.take(u.number<uint32_t>()))); };
  on['G'] = [](U& u) { u.push(u.make_double(std::bit_cast<double>(__builtin_bswap64(u.number<uint64_t>())))); };
  on['U'] = on[0x8c] = [](U& u) { u.push(u.make_text(K::kText, u.take(u.number<uint8_t>()))); };
  on['T'] = on['X'] = [](U& u) { u.push(u.make_text(K::kText, u.take(u.number<uint32_t>()))); };
  on[0x8d] = [](U& u) { u.push(u.make_text(K::kText, u.take(u.number<uint64_t>()))); };
  on['C'] = [](U& u) { u.push(u.make_text(K::kBytes, u.take(u.number<uint8_t>()))); };
  on['B'] = [](U& u) { u.push(u.make_text(K::kBytes, u.take(u.number<uint32_t>()))); };
  on[0x8e] = on[0x96] = [](U& u) { u.push(u.make_text(K::kBytes, u.take(u.number<uint64_t>()))); };
  on[0x97] = [](U& u) { u.fail("is a pickle whose data lie elsewhere"); };
  on[0x98] = [](U& u) { u.top(); };  // makes bytes read-only
}

void Unpickler::add_containers(Handlers& on) {
  using U = Unpickler;
  using K = PickleKind;
  on[']'] = [](U& u) { u.push(u.make(K::kList)); };
  on[')'] = [](U& u) { u.push(u.make(K::kTuple)); };
  on['}'] = [](U& u) { u.push(u.make(K::kDict)); };
  on[0x8f] = [](U& u) { u.push(u.make(K::kSet)); };
  on['l'] = [](U& u) { u.push(u.make_items(K::kList, u.pop_to_mark())); };
  on['t'] = [](U& u) { u.push(u.make_items(K::kTuple, u.pop_to_mark())); };
  on[0x91] = [](U& u) { u.push(u.make_items(K::kSet, u.pop_to_mark())); };
  on['d'] = [](U& u) { u.push_dict(); };
  on[0x85] = [](U& u) { u.push_tuple_of(1); };
  on[0x86] = [](U& u) { u.push_tuple_of(2); };
  on[0x87] = [](U& u) { u.push_tuple_of(3); };
  on['a'] = [](U& u) { u.extend_by_top(K::kList, 1); };
  on['s'] = [](U& u) { u.extend_by_top(K::kDict, 2); };
  on['e'] = [](U& u) { u.extend_to_mark(K::kList); };
  on['u'] = [](U& u) { u.extend_to_mark(K::kDict); };
  on[0x90] = [](U& u) { u.extend_to_mark(K::kSet); };
}

void Unpickler::add_objects_and_memo(Handlers& on) {
  using U = Unpickler;
  on['c'] = [](U& u) { u.push_global(); };
  on[0x93] = [](U& u) { u.push_stack_global(); };
  on['R'] = on[0x81] = [](U& u) { u.push_object(); };
  on[0x92] = [](U& u) { u.pop(), u.push_object(); };  // the named arguments are left out
  on['o'] = [](U& u) { u.push_marked_object(); };
  on['b'] = [](U& u) { u.build(); };
  on['Q'] = [](U& u) { u.push(u.make_items(PickleKind::kPersistent, std::array{u.pop()})); };
  on[0x82] = on[0x83] = on[0x84] = [](U& u) { u.fail("is a pickle with registered extensions"); };
  on['('] = [](U& u) { u.mark(); };
  on['0'] = [](U& u) { u.pop_or_unmark(); };
  on['1'] = [](U& u) { u.pop_to_mark(); };
  on['2'] = [](U& u) { u.push(u.top()); };
  on['q'] = [](U& u) { u.put(u.number<uint8_t>()); };
  on['r'] = [](U& u) { u.put(u.number<uint32_t>()); };
  on[0x94] = [](U& u) { u.put(u.memo_size_); };
  on['h'] = [](U& u) { u.get(u.number<uint8_t>()); };
  on['j'] = [](U& u) { u.get(u.number<uint32_t>()); };
  on[0x80] = [](U& u) { u.read_protocol(); };
  on[0x95] = [](U& u) { u.check_frame(); };
  on['.'] = [](U& u) { u.stopped_ = true; };
  for (const char code : std::string_view("FILPSVgip"))
    on[static_cast<uint8_t>(code)] = [](U& u) { u.refuse_text_opcode(); };
}

// By opcode; none where there is no such opcode.
const Unpickler::Handlers& Unpickler::handlers() {
  static const Handlers kHandlers = [] {
    Handlers handlers{};
    add_numbers_and_texts(handlers);
    add_containers(handlers);
    add_objects_and_memo(handlers);
    return handlers;
  }();
  return kHandlers;
}

}  // namespace

Pickle::Pickle(std::string_view bytes, const std::string& where) { Unpickler(bytes, where, *this).run(); }

bool Pickle::is_global(PickleId id, std::string_view name) const {
  if (!is(id, PickleKind::kGlobal)) return false;
  const std::string_view module = text(items(id)[0]), member = text(items(id)[1]);
  return name.size() == module.size() + 1 + member.size() && name.starts_with(module) && name.ends_with(member) &&
         name[module.size()] == '.';
}

}  // namespace glid
