#include "klamm/registry/stored.h"

#include "klamm/base/ensure.h"

#include <openssl/evp.h>

#include <array>
#include <span>

namespace klamm::registry {

namespace {

constexpr std::size_t md5_bytes = 16;
using Md5 = std::array<unsigned char, md5_bytes>;

std::string as_uuid(std::span<unsigned char const> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += digits[bytes[i] >> 4U];
        text += digits[bytes[i] & 15U];
    }
    return text;
}

void append_int32(std::string& hashed, std::int32_t number) {
    auto const bits = static_cast<std::uint32_t>(number);
    for (auto const shift : {24U, 16U, 8U, 0U})
        hashed += static_cast<char>(static_cast<unsigned char>(bits >> shift));
}

}  // namespace

std::string guid_of(Content const& content) {
    std::string hashed = content.text;
    for (auto const& reference : content.references) {
        hashed.append(reference.name).append(reference.subject);
        append_int32(hashed, reference.version);
    }
    if (content.metadata) {
        hashed += '\1';
        append_hashed(hashed, *content.metadata);
    }
    if (content.rules) {
        hashed += '\1';
        append_hashed(hashed, *content.rules);
    }
    Md5 md5{};
    unsigned size = 0;
    ensure(EVP_Digest(hashed.data(), hashed.size(), md5.data(), &size, EVP_md5(), nullptr) == 1);
    ensure(size == md5_bytes);
    return as_uuid(md5);
}

std::string guid_of_md5(std::string_view base64) {
    // 16 bytes are 24 characters, the last two of them padding.
    if (base64.size() != 24 || !base64.ends_with("==")) return {};
    std::array<unsigned char, 18> bytes{};
    auto const* text = reinterpret_cast<unsigned char const*>(base64.data());
    if (EVP_DecodeBlock(bytes.data(), text, static_cast<int>(base64.size())) != 18) return {};
    return as_uuid(std::span(bytes).first(md5_bytes));
}

std::expected<std::vector<schema::Reference>, schema::SchemaError> texts_of(
    std::vector<Resolved> const& references) {
    std::vector<schema::Reference> texts;
    std::size_t bytes = 0;
    for (auto const& reference : references) {
        if (!reference.content)
            return std::unexpected(schema::SchemaError{"No schema reference found for subject \"" +
                                                       reference.subject + "\" and version " +
                                                       std::to_string(reference.version)});
        bytes += reference.content->text.size();
        if (bytes > reference_bytes_max)
            return std::unexpected(
                schema::SchemaError{"the schemas that it refers to have more than " +
                                    std::to_string(reference_bytes_max) + " bytes together"});
        texts.push_back({.name = reference.name,
                         .subject = reference.subject,
                         .version = reference.version,
                         .text = reference.content->text,
                         .direct = reference.direct});
    }
    return texts;
}

std::expected<schema::SchemaPtr, schema::SchemaError> const& Stored::parsed() const {
    std::call_once(once_, [this] {
        auto texts = texts_of(references_);
        if (texts)
            parsed_ = schema::parse(content_->type, content_->text, *texts, {.strict = false});
        else
            parsed_ = std::unexpected(texts.error());
    });
    return parsed_;
}

}  // namespace klamm::registry
