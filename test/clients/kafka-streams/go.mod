module klamm.test/text

go 1.19

require github.com/pierrec/lz4/v4 v4.1.33
