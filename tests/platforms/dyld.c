/* macOS's list of loaded images (dyld(3)), told by Linux's dynamic loader. */
#define _GNU_SOURCE
#include <link.h>
#include <stddef.h>
#include <stdint.h>

struct search {
    uint32_t number;
    const char *name;
};

static int next_image(struct dl_phdr_info *info, size_t size, void *data) {
    struct search *search = data;
    (void)size;
    search->name = info->dlpi_name;
    return search->number-- == 0;
}

const char *_dyld_get_image_name(uint32_t number) {
    struct search search = {number, NULL};
    return dl_iterate_phdr(next_image, &search) ? search.name : NULL;
}

static int count_image(struct dl_phdr_info *info, size_t size, void *data) {
    (void)info;
    (void)size;
    ++*(uint32_t *)data;
    return 0;
}

uint32_t _dyld_image_count(void) {
    uint32_t count = 0;
    dl_iterate_phdr(count_image, &count);
    return count;
}
