// Products of float32 matrices by kernels that oneDNN writes for a shape, which torch calls brgemm. They read factors row
// by row; one that lies column by column is copied first, in squares that fit the registers.

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

constexpr int64_t COLUMNS = 64;  // made at a time: while they are, so many columns of b stay in the nearest cache

// c = a b: [batch, rows, inner] [batch, inner, columns] -> [batch, rows, columns], in order.
template <int threads>
void product(int64_t batch, int64_t rows, int64_t inner, int64_t columns, Factor a, Factor b, float* c) {
  const bool copies_a = a.column != 1, copies_b = b.column != 1;
  const std::unique_ptr<float[]> copy_a(copies_a ? new float[batch * rows * inner] : nullptr);
  const std::unique_ptr<float[]> copy_b(copies_b ? new float[batch * inner * columns] : nullptr);
  // A thread makes whole products, or its share of each: of the longer side.
  const int64_t pieces = batch % threads ? threads : 1;
  const bool by_rows = rows >= columns;

  #pragma omp parallel num_threads(threads) if (threads > 1)
  {
    if (copies_a || copies_b) {
      #pragma omp for schedule(static)
      for (int64_t item = 0; item < batch * pieces; item++) {
        const int64_t k = item / pieces;
        const Part row = part(rows, pieces, item % pieces), column = part(columns, pieces, item % pieces);
        if (copies_a && row.begin < row.end)
          at::vec::transpose_mxn<float>(a.data + k * a.batch + row.begin, a.column,
                                        copy_a.get() + (k * rows + row.begin) * inner, inner, inner, row.end - row.begin);
        if (copies_b && column.begin < column.end)
          at::vec::transpose_mxn<float>(b.data + k * b.batch + column.begin * b.column, b.column,
                                        copy_b.get() + k * inner * columns + column.begin, columns,
                                        column.end - column.begin, inner);
      }
    }
    #pragma omp for schedule(static)
    for (int64_t item = 0; item < batch * pieces; item++) {
      const int64_t k = item / pieces;
      const Part row = by_rows ? part(rows, pieces, item % pieces) : Part{0, rows};
      const Part column = by_rows ? Part{0, columns} : part(columns, pieces, item % pieces);
      const int64_t ld_a = copies_a ? inner : a.row, ld_b = copies_b ? columns : b.row;
      const float* of_a = (copies_a ? copy_a.get() + k * rows * inner : a.data + k * a.batch) + row.begin * ld_a;
      const float* of_b = copies_b ? copy_b.get() + k * inner * columns : b.data + k * b.batch;
      for (int64_t first = column.begin; first < column.end && row.begin < row.end; first += COLUMNS)
        at::native::cpublas::brgemm(row.end - row.begin, std::min(COLUMNS, column.end - first), inner, ld_a, ld_b,
                                    columns, false, of_a, of_b + first, c + (k * rows + row.begin) * columns + first,
                                    false);
    }
  }
}

}  // namespace taxon
