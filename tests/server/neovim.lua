-- What a person sees of taxon in Neovim, as JSON on standard output. Runs after the configuration of editors/README.md,
-- with the spec open.

local function ask(method, params)
  local answers = vim.lsp.buf_request_sync(0, method, params, 20000)
  for _, answer in pairs(answers or {}) do
    return answer.result
  end
end

local function below(line, column)
  vim.api.nvim_win_set_cursor(0, { line, column })
  return vim.lsp.util.make_position_params(0, "utf-16")
end

local seen = { filetype = vim.bo.filetype, commentstring = vim.bo.commentstring }
vim.wait(20000, function()
  return #vim.diagnostic.get(0) > 0
end, 20)
seen.diagnostics = vim.diagnostic.get(0)
vim.wait(20000, function()
  seen.colours = vim.lsp.semantic_tokens and vim.lsp.semantic_tokens.get_at_pos(0, 3, 10) or {}
  return #seen.colours > 0
end, 20)
seen.hover = ask("textDocument/hover", below(5, 4)).contents.value
seen.offered = vim.tbl_map(function(item)
  return item.label
end, ask("textDocument/completion", below(5, 5)).items)

local fixes = { context = { only = { "source.fixAll.taxon" }, diagnostics = {} }, apply = true }
vim.lsp.buf.code_action(fixes)
vim.wait(20000, function()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n"):find("relu", 1, true) ~= nil
end, 20)
vim.lsp.buf.format()
seen.lines = vim.api.nvim_buf_get_lines(0, 0, -1, false)
for _, diagnostic in ipairs(seen.diagnostics) do
  diagnostic.user_data, diagnostic.namespace = nil, nil
end
io.stdout:write(vim.json.encode(seen))
vim.cmd("qall!")
