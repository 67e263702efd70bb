// What a config struct says about itself, once; reading, writing, help and comparison are visitors over it.
//
//   struct OptimConfig {
//     double lr = 1.2e-3;
//     std::optional<double> clip;
//     Decay decay;                               // a struct with fields(): a block of its own
//     std::variant<Cosine, Constant> schedule;   // each with kName and fields(): a block whose key `name` picks one
//
//     template <class V>
//     void fields(V& v) {
//       v("lr", lr, "peak learning rate", config::positive());
//       v("clip", clip, "largest norm of the gradient; null: not clipped", config::positive());
//       v("decay", decay, "weight decay");
//       v("schedule", schedule, "learning rate over the run");
//     }
//     void check(config::Problems& problems) const;  // rules over several keys; optional
//   };
//
// v.required(...) is a key that has no default. v.variant("name", member, help) puts the keys of a variant's alternative at
// the level of the struct itself instead of a block of their own.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "glid/config/value.h"

namespace glid::config {

// Collects what check() finds. Paths are relative to the struct's block; where the value came from is added by the reader.
class Problems {
 public:
  virtual ~Problems() = default;
  // Reported as "ORIGIN: BLOCK.PATH WHAT (got VALUE); HINT": add("mask_ratio", "must be 0.75 for task.mask: grid", "0.5").
  // An empty value stands for the value as written.
  virtual void add(std::string_view path, const std::string& what, const std::string& value = {},
                   const std::string& hint = {}) = 0;
};

// One key with its value, whatever the type.
class Field {
 public:
  virtual ~Field() = default;
  virtual TypeInfo type() const = 0;
  virtual bool read(const Node& node) const = 0;
  virtual std::string write() const = 0;

  std::string_view name;
  std::string_view help;
  bool required = false;
};

// The key that picks the alternative of a variant.
struct Choice {
  std::string_view name;
  std::string_view help;
  std::vector<std::string_view> names;                   // of the alternatives
  size_t current;                                        // the one the struct holds
  std::function<std::vector<std::string>(size_t)> keys;  // the keys of an alternative
};

class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void value(const Field& field) = 0;
  virtual void enter(std::string_view name, std::string_view help) = 0;
  virtual void leave() = 0;
  // The alternatives to visit, in order; the last one stays in the struct.
  virtual std::vector<size_t> choose(const Choice& choice) = 0;
  // Around the keys of an alternative.
  virtual void begin_alternative(const Choice&, size_t /*index*/) {}
  virtual void end_alternative() {}
  // Calls the struct's check() when the reader finds its keys in order.
  virtual void check(const std::function<void(Problems&)>& /*check*/) {}
};

// A struct of any type, ready to be visited.
using VisitStruct = std::function<void(Visitor&)>;

std::vector<std::string> top_level_keys(const VisitStruct& visit_struct);

template <class T>
void visit(T& config, Visitor& visitor);

// The alternative that a variant holds.
template <class... Alternatives>
std::string_view name_of(const std::variant<Alternatives...>& member) {
  return std::visit([](const auto& alternative) { return alternative.kName; }, member);
}

// The `v` of fields(v): turns each typed key into a call of the visitor.
class Fields {
 public:
  explicit Fields(Visitor& visitor) : visitor_(visitor) {}

  template <class T>
  void operator()(std::string_view name, T& member, std::string_view help, const Constraint& constraint = {}) {
    if constexpr (requires { member.fields(*this); }) {
      visitor_.enter(name, help);
      visit(member, visitor_);
      visitor_.leave();
    } else {
      value(name, member, help, constraint, false);
    }
  }

  template <class... Alternatives>
  void operator()(std::string_view name, std::variant<Alternatives...>& member, std::string_view help) {
    visitor_.enter(name, {});  // the help is shown with the key that picks
    variant("name", member, help);
    visitor_.leave();
  }

  template <class T>
  void required(std::string_view name, T& member, std::string_view help, const Constraint& constraint = {}) {
    value(name, member, help, constraint, true);
  }

  template <class... Alternatives>
  void variant(std::string_view name, std::variant<Alternatives...>& member, std::string_view help) {
    const Choice choice{name, help, {Alternatives::kName...}, member.index(), keys_of<Alternatives...>};
    for (const size_t index : visitor_.choose(choice)) {
      visitor_.begin_alternative(choice, index);
      emplace(member, index, std::index_sequence_for<Alternatives...>());
      std::visit([&](auto& alternative) { visit(alternative, visitor_); }, member);
      visitor_.end_alternative();
    }
  }

 private:
  template <class T>
  struct FieldOf final : Field {
    FieldOf(T& value, const Constraint& allowed) : member(value), constraint(allowed) {}
    TypeInfo type() const override { return Value<T>::type(constraint); }
    bool read(const Node& node) const override {
      T fresh{};
      if (!Value<T>::read(node, fresh, constraint)) return false;
      member = std::move(fresh);
      return true;
    }
    std::string write() const override { return Value<T>::write(member); }

    T& member;
    const Constraint& constraint;
  };

  template <class T>
  void value(std::string_view name, T& member, std::string_view help, const Constraint& constraint, bool required) {
    FieldOf<T> field(member, constraint);
    field.name = name;
    field.help = help;
    field.required = required;
    visitor_.value(field);
  }

  template <class Variant, size_t... I>
  static void emplace(Variant& member, size_t index, std::index_sequence<I...>) {
    if (member.index() != index) ((I == index ? static_cast<void>(member.template emplace<I>()) : void()), ...);
  }

  template <class... Alternatives>
  static std::vector<std::string> keys_of(size_t index);

  Visitor& visitor_;
};

template <class T>
void visit(T& config, Visitor& visitor) {
  Fields fields(visitor);
  config.fields(fields);
  if constexpr (requires(Problems & problems) { std::as_const(config).check(problems); }) {
    visitor.check([&config](Problems& problems) { std::as_const(config).check(problems); });
  }
}

template <class... Alternatives>
std::vector<std::string> Fields::keys_of(size_t index) {
  std::variant<Alternatives...> member;
  emplace(member, index, std::index_sequence_for<Alternatives...>());
  return top_level_keys(
      [&](Visitor& visitor) { std::visit([&](auto& alternative) { visit(alternative, visitor); }, member); });
}

}  // namespace glid::config
