#include "torch_file.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "tensor_tree.h"
#include "zip_records.h"

namespace glid {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::string_view kPickleName = "data.pkl";
// 0x1950a86a20f9469cfc6c, as the integer lies in the first pickle.
constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr int64_t kLegacyProtocol = 1001;

Bytes part_of(const MappedFile& file, uint64_t begin, uint64_t size) { return Bytes(file.data() + begin, size); }

// Of a storage of `available` bytes; throws when it doesn't have so many elements.
Bytes elements_of(const StorageKey& key, Bytes available, const std::string& where) {
  uint64_t size = 0;
  if (__builtin_mul_overflow(key.num_elements, key.type->bytes(), &size) || size > available.size())
    throw DataError(where, format("is truncated or damaged: storage {} is shorter than it says", key.key),
                    format("{} bytes for {} elements", available.size(), key.num_elements));
  return available.first(size);
}

class TorchZip {
 public:
  TorchZip(const std::filesystem::path& file, std::shared_ptr<const MappedFile> mapped)
      : file_(file), where_(file.string()), mapped_(std::move(mapped)) {
    for (ZipRecord& record : read_zip_records(mapped_->text(), where_))
      if (!records_.emplace(record.name, record).second) fail(format("has two records of the name {}", record.name));
  }

  TensorTable read() {
    find_folder();
    check_byte_order();
    TensorTable table{.form = "PyTorch (zip)", .files = {file_}};
    const Bytes bytes = record(std::string(kPickleName));
    const Pickle pickle({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, where_);
    add_tensors(
        pickle, [this](const StorageKey& key) { return storage(key); }, mapped_->size(), where_, table);
    table.owners.push_back(mapped_);
    return table;
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& value = {}, const std::string& hint = {}) const {
    throw DataError(where_, what, value, hint);
  }

  // All records lie in one, called as the file was.
  void find_folder() {
    for (const auto& [name, record] : records_) {
      const size_t slash = name.find('/');
      if (slash == std::string::npos || std::string_view(name).substr(slash + 1) != kPickleName) continue;
      if (!folder_.empty()) fail("is a zip file of several PyTorch files", {}, "unpack it");
      folder_ = name.substr(0, slash + 1);
    }
    if (folder_.empty())
      fail("is a zip file, but none of PyTorch's: it lacks data.pkl", {}, "if weights are packed in it, unpack it");
    if (records_.contains(folder_ + "constants.pkl"))
      fail("is a TorchScript program, not a file of weights", {},
           "in Python: torch.save(torch.jit.load(FILE).state_dict(), OTHER_FILE)");
  }

  void check_byte_order() const {
    if (!records_.contains(folder_ + "byteorder")) return;
    const Bytes order = record("byteorder");
    const std::string_view text(reinterpret_cast<const char*>(order.data()), order.size());
    if (text == "big") fail("has big-endian numbers", {}, "load and save it with PyTorch on a little-endian machine");
    if (text != "little") fail("is damaged: numbers of an unknown byte order");
  }

  Bytes record(const std::string& name) const {
    const auto found = records_.find(folder_ + name);
    if (found == records_.end()) fail(format("is damaged: it lacks {}", folder_ + name));
    if (!found->second.is_plain)
      fail(format("has a compressed or encrypted record, {}", found->first), {},
           "PyTorch stores them as they are: the file was packed again; load and save it with PyTorch");
    return part_of(*mapped_, found->second.begin, found->second.size);
  }

  Bytes storage(const StorageKey& key) const { return elements_of(key, record("data/" + std::string(key.key)), where_); }

  std::filesystem::path file_;
  std::string where_;
  std::shared_ptr<const MappedFile> mapped_;
  std::map<std::string, ZipRecord> records_;
  std::string folder_;  // with a slash
};

// Pickles one after the other: the magic number, the protocol, what machine it was, the object, the storages' keys. Behind
// them each storage: its number of elements and these.
class TorchPickles {
 public:
  TorchPickles(std::string_view text, const std::string& where) : where_(where), num_bytes_(text.size()), rest_(text) {}

  // No more than two pickles are in memory at once, that of the object when the keys are read, and behind an outer one those
  // of a storage. Neither files nor owners are told.
  TensorTable read() {
    if (const Pickle first = next(); !is_magic(first)) return read_arrays(first);
    check_machine();
    return read_object(next());
  }

  TorchStorage read_storage() {
    if (!is_magic(next())) fail("is damaged: a storage that is no PyTorch file");
    check_machine();
    const Pickle object = next();
    find_storages(object, next());
    const PickleId root = object.root();
    const auto key = object.is(root, PickleKind::kPersistent) ? storage_key(object, root, where_) : std::nullopt;
    if (!key) fail("is damaged: a PyTorch file of something else than a storage");
    const Bytes bytes = storage(object, *key);
    return key->type->name.empty() ? TorchStorage() : TorchStorage{key->type, bytes};
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& value = {}, const std::string& hint = {}) const {
    throw DataError(where_, what, value, hint);
  }

  Pickle next() {
    Pickle pickle(rest_, where_);
    rest_.remove_prefix(pickle.num_bytes());
    return pickle;
  }

  static bool is_magic(const Pickle& pickle) {
    return pickle.is(pickle.root(), PickleKind::kBigInt) && pickle.text(pickle.root()) == kMagic;
  }

  void check_machine() {
    check_protocol(next());
    check_byte_order(next());
  }

  void check_protocol(const Pickle& protocol) const {
    if (!protocol.is(protocol.root(), PickleKind::kInt) || protocol.integer(protocol.root()) != kLegacyProtocol)
      fail("is damaged: an unknown protocol of PyTorch");
  }

  void check_byte_order(const Pickle& system) const {
    if (!system.is(system.root(), PickleKind::kDict)) fail("is damaged: it doesn't say on what machine it was written");
    const auto items = system.items(system.root());
    for (size_t i = 0; i < items.size(); i += 2)
      if (system.is(items[i], PickleKind::kText) && system.text(items[i]) == "little_endian" &&
          system.is(items[i + 1], PickleKind::kBool) && system.integer(items[i + 1]) == 0)
        fail("has big-endian numbers", {}, "load and save it with PyTorch on a little-endian machine");
  }

  TensorTable read_object(const Pickle& object) {
    find_storages(object, next());
    TensorTable table{.form = "PyTorch (before 1.6)"};
    const auto find = [&](const StorageKey& key) { return storage(object, key); };
    add_tensors(object, find, num_bytes_, where_, table);
    return table;
  }

  void find_storages(const Pickle& object, const Pickle& keys) {
    std::map<std::string_view, StorageKey> known;
    for (PickleId id = 0; id < object.num_values(); ++id) {
      if (!object.is(id, PickleKind::kPersistent)) continue;
      if (const auto key = storage_key(object, id, where_)) known.emplace(key->key, *key);
    }
    if (!keys.is(keys.root(), PickleKind::kList)) fail("is damaged: no list of storages");
    for (const PickleId id : keys.items(keys.root())) {
      const auto found = keys.is(id, PickleKind::kText) ? known.find(keys.text(id)) : known.end();
      if (found == known.end()) fail("is damaged: a storage that no tensor has");
      if (!found->second.type) fail(format("is damaged: storage {} is of an unknown class", found->first));
      take_storage(found->second);
    }
  }

  void take_storage(const StorageKey& key) {
    int64_t count = 0;
    if (rest_.size() < sizeof count) fail("is truncated: a storage is missing", std::string(key.key));
    std::memcpy(&count, rest_.data(), sizeof count);
    rest_.remove_prefix(sizeof count);
    if (count < 0 || static_cast<uint64_t>(count) != key.num_elements)
      fail(format("is damaged: storage {} has another size than its tensors say", key.key), std::to_string(count));
    const Bytes bytes = elements_of(key, Bytes(reinterpret_cast<const std::byte*>(rest_.data()), rest_.size()), where_);
    rest_.remove_prefix(bytes.size());
    if (!storages_.emplace(key.key, bytes).second) fail(format("is damaged: storage {} is there twice", key.key));
  }

  // A tensor may have a part of a storage: (key, first element, number of elements).
  Bytes storage(const Pickle& object, const StorageKey& key) const {
    const auto found = storages_.find(key.key);
    if (found == storages_.end()) fail(format("is damaged: it lacks storage {}", key.key));
    const Bytes whole = elements_of(key, found->second, where_);
    if (!key.has_view) return whole;
    const auto items = object.is(key.view, PickleKind::kTuple) ? object.items(key.view) : std::span<const PickleId>();
    if (items.size() != 3 || !object.is(items[1], PickleKind::kInt) || !object.is(items[2], PickleKind::kInt))
      fail("is damaged: a part of a storage without place");
    const int64_t first = object.integer(items[1]), count = object.integer(items[2]);
    const auto num_elements = static_cast<int64_t>(key.num_elements);
    if (first < 0 || count < 0 || first > num_elements || count > num_elements - first)
      fail("is damaged: a part reaches beyond its storage", format("{} elements from {}", count, first));
    return whole.subspan(static_cast<uint64_t>(first) * key.type->bytes(), static_cast<uint64_t>(count) * key.type->bytes());
  }

  TensorTable read_arrays(const Pickle& pickle) const {
    TensorTable table{.form = has_storages(pickle) ? "pickle of PyTorch's tensors" : "pickle of numpy arrays"};
    const auto find = [this](const StorageKey&) -> Bytes { fail("is a pickle whose storages lie elsewhere"); };
    add_tensors(pickle, find, num_bytes_, where_, table);
    if (table.names.empty() && table.left_out.count == 0) fail("is a pickle without tensors or arrays");
    return table;
  }

  static bool has_storages(const Pickle& pickle) {
    for (PickleId id = 0; id < pickle.num_values(); ++id)
      if (pickle.is_global(id, kLoadFromBytes)) return true;
    return false;
  }

  std::string where_;
  size_t num_bytes_;
  std::string_view rest_;
  std::map<std::string_view, Bytes> storages_;
};

}  // namespace

TensorTable read_torch_zip(const std::filesystem::path& file, std::shared_ptr<const MappedFile> mapped) {
  return TorchZip(file, std::move(mapped)).read();
}

TensorTable read_torch_pickle(const std::filesystem::path& file, std::shared_ptr<const MappedFile> mapped) {
  TensorTable table = TorchPickles(mapped->text(), file.string()).read();
  table.files = {file};
  table.owners.push_back(std::move(mapped));
  return table;
}

TorchStorage read_torch_storage(std::string_view bytes, const std::string& where) {
  return TorchPickles(bytes, where).read_storage();
}

}  // namespace glid
