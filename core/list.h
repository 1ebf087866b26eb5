/* SPDX-License-Identifier: MIT */
/* Doubly linked circular lists with a head, the kernel's usual kind. No lock of their own. */
#pragma once

#include "core/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name)          \
	{                        \
		&(name), &(name) \
	}

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_add_before(struct list *item, struct list *where)
{
	item->prev = where->prev;
	item->next = where;
	where->prev->next = item;
	where->prev = item;
}

static inline void list_add_tail(struct list *item, struct list *head)
{
	list_add_before(item, head);
}

static inline void list_add_head(struct list *item, struct list *head)
{
	list_add_before(item, head->next);
}

/*
 * Leaves the item linked to itself, so that removing twice is harmless and list_empty(item) tells.
 */
static inline void list_del(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_for_each(pos, head) for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_safe(pos, tmp, head) \
	for (pos = (head)->next, tmp = pos->next; pos != (head); pos = tmp, tmp = pos->next)
