# Standard errors of sandwich::vcovCL for the votes in this folder: Rscript record.R > vcovCL.json
suppressPackageStartupMessages(library(sandwich))

errors <- function(path) {
  votes <- read.csv(path)
  names <- sort(unique(c(votes$contender_a, votes$contender_b)))
  x <- sapply(names, function(name) (votes$contender_a == name) - (votes$contender_b == name))[, -1]
  y <- c(a = 1, b = 0, tie = 0.5, both_bad = 0.5)[votes$outcome]
  model <- glm(y ~ x - 1, family = quasibinomial(), control = glm.control(epsilon = 1e-14, maxit = 100))
  kinds <- list(prompt = ~prompt, rater = ~rater, both = ~prompt + rater)
  rows <- c()
  for (kind in names(kinds)) {
    for (type in c("CR0", "CR1")) {
      v <- vcovCL(model, cluster = model.frame(kinds[[kind]], votes), type = "HC0", cadjust = type == "CR1")
      values <- paste(sprintf("%.12g", sqrt(pmax(diag(v), 0))), collapse = ", ")
      rows <- c(rows, sprintf('    "%s %s": [%s]', kind, type, values))
    }
  }
  paste0('  "', sub(".csv", "", path), '": {\n', paste(rows, collapse = ",\n"), "\n  }")
}

cat("{\n", paste0('  "made by": "R ', getRversion(), ", sandwich ", packageVersion("sandwich"), '",\n'), sep = "")
cat(paste(sapply(c("few.csv", "uneven.csv", "many-raters.csv"), errors), collapse = ",\n"), "\n}\n", sep = "")
