// schema/avro/path.h - where a walk stands, as a JSON pointer: "/fields/1/type".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace klamm::schema::avro {

class Path {
public:
    /// Leaves again at the end of its scope.
    class Step {
    public:
        Step(Path& path, std::size_t before) : path_(path), before_(before) {}
        Step(Step const&) = delete;
        Step& operator=(Step const&) = delete;
        ~Step() { path_.text_.resize(before_); }

    private:
        Path& path_;
        std::size_t before_;
    };

    [[nodiscard]] Step enter(std::string_view step) {
        auto const before = text_.size();
        text_ += '/';
        for (char const c : step) {
            if (c == '~') {
                text_ += "~0";
            } else if (c == '/') {
                text_ += "~1";
            } else {
                text_ += c;
            }
        }
        return {*this, before};
    }
    [[nodiscard]] Step enter(std::size_t index) { return enter(std::to_string(index)); }
    std::string const& text() const { return text_; }
    void set(std::string text) { text_ = std::move(text); }

private:
    std::string text_;
};

}  // namespace klamm::schema::avro
