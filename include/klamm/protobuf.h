// klamm/protobuf.h - classes that protoc generated, as events.
//
//     #include "shop.pb.h"
//     #include <klamm/protobuf.h>
//
//     app.on<shop::OrderPlaced>("orders", [](shop::OrderPlaced const& order, klamm::Context&) { …
//     });
//
// The event is called as its message: "shop.OrderPlaced". It is written in Protobuf's encoding
// whatever the App's format, with the id of its schema in front when there is a registry. Programs
// that include this link with libprotobuf.
#pragma once

#include "klamm/event.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <concepts>
#include <limits>

namespace klamm {
namespace detail {

/// Registries know these themselves.
inline bool is_well_known(std::string const& path) { return path.starts_with("google/protobuf/"); }

inline void add_imports(google::protobuf::FileDescriptor const& file,
                        std::vector<ProtobufType::File>& files, std::vector<std::string>& direct) {
    for (int i = 0; i < file.dependency_count(); ++i) {
        auto const& imported = *file.dependency(i);
        std::string const path(imported.name());
        if (is_well_known(path)) continue;
        direct.push_back(path);
        if (std::ranges::find(files, path, &ProtobufType::File::path) != files.end()) continue;
        ProtobufType::File made{path, imported.DebugString(), {}};
        add_imports(imported, files, made.imports);
        files.push_back(std::move(made));
    }
}

inline ProtobufType protobuf_type(google::protobuf::Descriptor const& message) {
    ProtobufType type;
    type.schema = message.file()->DebugString();
    add_imports(*message.file(), type.imports, type.direct_imports);
    for (auto const* at = &message; at != nullptr; at = at->containing_type())
        type.indexes.insert(type.indexes.begin(), at->index());
    return type;
}

}  // namespace detail

template <class E>
requires std::derived_from<E, google::protobuf::Message>
struct EventTraits<E> {
    static EventType make_type() {
        auto const& message = *E::descriptor();
        EventType type;
        type.name = std::string(message.full_name());
        auto protobuf = detail::protobuf_type(message);
        protobuf.write = [](void const* event, std::string& out) {
            auto const& made = *static_cast<E const*>(event);
            return made.IsInitialized() && made.AppendToString(&out);
        };
        protobuf.read = [](std::string_view bytes, void* event) {
            if (bytes.size() > std::size_t(std::numeric_limits<int>::max())) return false;
            return static_cast<E*>(event)->ParseFromArray(bytes.data(), int(bytes.size()));
        };
        type.protobuf = std::make_shared<ProtobufType const>(std::move(protobuf));
        type.make = [] { return std::make_shared<E>(); };
        return type;
    }
};

}  // namespace klamm
