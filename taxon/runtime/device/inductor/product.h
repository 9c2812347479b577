// Products of float32 matrices by kernels that oneDNN writes for a shape, which torch calls brgemm. They read factors row
// by row; of one that lies column by column each block is copied first, in squares that fit the registers.

#include <ATen/cpu/vec/vec.h>
#include <algorithm>
#include <cstdint>
#include <memory>

namespace at::native::cpublas {
void brgemm(int64_t M, int64_t N, int64_t K, int64_t ld_a, int64_t ld_b, int64_t ld_c, const bool add_C,
            const float* A, const float* B, float* C, bool is_vnni);
}

namespace taxon {

// The same factor of every product of a batch: how far apart are the batch's matrices, their rows and their columns,
// one of which lies without gaps.
struct Factor {
  const float* data;
  int64_t batch, row, column;
};

struct Part {
  int64_t begin, end;
};

// The share of one of several in a length, whole vectors but for the last.
inline Part part(int64_t length, int64_t several, int64_t one) {
  const int64_t share = 16 * ((length + 16 * several - 1) / (16 * several));
  return {std::min(one * share, length), std::min((one + 1) * share, length)};
}

// What is made at a time: so many columns of b stay in the nearest cache meanwhile, and so much of a in the next.
constexpr int64_t COLUMNS = 64, INNER = 256;

// c = a b: [batch, rows, inner] [batch, inner, columns] -> [batch, rows, columns], in order.
template <int threads>
void product(int64_t batch, int64_t rows, int64_t inner, int64_t columns, Factor a, Factor b, float* c) {
  const bool copies_a = a.column != 1, copies_b = b.column != 1;
  // A thread makes whole products, or its share of each: of the longer side.
  const int64_t pieces = batch % threads ? threads : 1;
  const bool by_rows = rows >= columns;

  #pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
  for (int64_t item = 0; item < batch * pieces; item++) {
    const int64_t k = item / pieces, piece = item % pieces;
    const Part row = by_rows ? part(rows, pieces, piece) : Part{0, rows};
    const Part column = by_rows ? Part{0, columns} : part(columns, pieces, piece);
    const int64_t height = row.end - row.begin;
    if (height == 0) continue;
    const std::unique_ptr<float[]> copy_a(copies_a ? new float[height * INNER] : nullptr);
    const std::unique_ptr<float[]> copy_b(copies_b ? new float[INNER * COLUMNS] : nullptr);
    for (int64_t from = 0; from < inner; from += INNER) {
      const int64_t depth = std::min(INNER, inner - from);
      const float* part_a = a.data + k * a.batch + row.begin * a.row + from * a.column;
      if (copies_a) {
        at::vec::transpose_mxn<float>(part_a, a.column, copy_a.get(), depth, depth, height);
        part_a = copy_a.get();
      }
      for (int64_t first = column.begin; first < column.end; first += COLUMNS) {
        const int64_t width = std::min(COLUMNS, column.end - first);
        const float* part_b = b.data + k * b.batch + from * b.row + first * b.column;
        if (copies_b) {
          at::vec::transpose_mxn<float>(part_b, b.column, copy_b.get(), width, width, depth);
          part_b = copy_b.get();
        }
        at::native::cpublas::brgemm(height, width, depth, copies_a ? depth : a.row, copies_b ? width : b.row, columns,
                                    from > 0, part_a, part_b, c + (k * rows + row.begin) * columns + first, false);
      }
    }
  }
}

}  // namespace taxon
