// registry/persistent_map.h - an ordered map whose copy is one pointer.
//
//   old root ●            ● new root          A change copies the nodes from the root to the
//           / \          / \                  place of the change, and shares all others. Nodes
//          ●   ●   ◀────┘   ● copy            never change once they are linked, so that any
//             / \          / \                thread may read a copy while the owner of another
//            ●   ●   ◀────┘   ● new           changes it.
//
// An AVL tree: at most 1.45 log2(n) nodes are copied, of three pointers each.
#pragma once

#include "klamm/base/ensure.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace klamm::registry {

/// `Order` compares keys, and keys with whatever the queries are asked with.
template <class Key, class Value, class Order = std::less<>>
class PersistentMap {
public:
    struct Entry {
        Key key;
        Value value;
    };

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

    template <class Asked>
    Value const* find(Asked const& key) const {
        for (auto const* node = root_.get(); node != nullptr;) {
            if (less(key, node->entry->key))
                node = node->left.get();
            else if (less(node->entry->key, key))
                node = node->right.get();
            else
                return &node->entry->value;
        }
        return nullptr;
    }

    void set(Key key, Value value) {
        auto entry = std::make_shared<Entry const>(Entry{std::move(key), std::move(value)});
        bool added = false;
        root_ = with(root_, std::move(entry), added);
        size_ += added ? 1 : 0;
    }

    template <class Asked>
    bool erase(Asked const& key) {
        if (find(key) == nullptr) return false;
        root_ = without(root_, key);
        --size_;
        return true;
    }

    /// Entries not less than `first`, in order, until `visit(key, value)` answers false.
    template <class Asked, class Visit>
    void from(Asked const& first, Visit&& visit) const {
        Path path;
        for (auto const* node = root_.get(); node != nullptr;) {
            if (less(node->entry->key, first)) {
                node = node->right.get();
            } else {
                path.push(node);
                node = node->left.get();
            }
        }
        walk(path, visit);
    }

    /// All entries in order, until `visit` answers false.
    template <class Visit>
    void each(Visit&& visit) const {
        Path path;
        for (auto const* node = root_.get(); node != nullptr; node = node->left.get())
            path.push(node);
        walk(path, visit);
    }

private:
    struct Node;
    using Link = std::shared_ptr<Node const>;
    struct Node {
        Link left;
        Link right;
        std::shared_ptr<Entry const> entry;
        int height = 1;
    };

    /// The nodes that are still to be visited, the next one last.
    struct Path {
        static constexpr std::size_t height_max = 64;  ///< of a tree with 2^44 nodes
        std::array<Node const*, height_max> nodes;
        std::size_t depth = 0;
        void push(Node const* node) {
            ensure(depth < height_max);
            nodes[depth++] = node;
        }
    };

    template <class Visit>
    static void walk(Path& path, Visit&& visit) {
        while (path.depth != 0) {
            auto const* node = path.nodes[--path.depth];
            if (!visit(node->entry->key, node->entry->value)) return;
            for (auto const* next = node->right.get(); next != nullptr; next = next->left.get())
                path.push(next);
        }
    }

    template <class A, class B>
    static bool less(A const& a, B const& b) {
        return Order{}(a, b);
    }
    static int height(Link const& node) { return node ? node->height : 0; }
    static Link make(Link left, std::shared_ptr<Entry const> entry, Link right) {
        auto const tall = 1 + std::max(height(left), height(right));
        return std::make_shared<Node const>(
            Node{std::move(left), std::move(right), std::move(entry), tall});
    }

    /// A node over two trees whose heights differ by at most two.
    static Link balanced(Link const& left, std::shared_ptr<Entry const> entry, Link const& right) {
        if (height(left) > height(right) + 1) {
            if (height(left->left) >= height(left->right))
                return make(left->left, left->entry, make(left->right, std::move(entry), right));
            auto const& top = left->right;
            return make(make(left->left, left->entry, top->left), top->entry,
                        make(top->right, std::move(entry), right));
        }
        if (height(right) > height(left) + 1) {
            if (height(right->right) >= height(right->left))
                return make(make(left, std::move(entry), right->left), right->entry, right->right);
            auto const& top = right->left;
            return make(make(left, std::move(entry), top->left), top->entry,
                        make(top->right, right->entry, right->right));
        }
        return make(left, std::move(entry), right);
    }

    static Link with(Link const& node, std::shared_ptr<Entry const> entry, bool& added) {
        if (!node) {
            added = true;
            return make(nullptr, std::move(entry), nullptr);
        }
        if (less(entry->key, node->entry->key))
            return balanced(with(node->left, std::move(entry), added), node->entry, node->right);
        if (less(node->entry->key, entry->key))
            return balanced(node->left, node->entry, with(node->right, std::move(entry), added));
        return make(node->left, std::move(entry), node->right);
    }

    template <class Asked>
    static Link without(Link const& node, Asked const& key) {
        if (less(key, node->entry->key))
            return balanced(without(node->left, key), node->entry, node->right);
        if (less(node->entry->key, key))
            return balanced(node->left, node->entry, without(node->right, key));
        if (!node->left) return node->right;
        if (!node->right) return node->left;
        auto const* next = node->right.get();
        while (next->left) next = next->left.get();
        auto entry = next->entry;
        auto const& successor = entry->key;
        auto right = without(node->right, successor);
        return balanced(node->left, std::move(entry), right);
    }

    Link root_;
    std::size_t size_ = 0;
};

}  // namespace klamm::registry
