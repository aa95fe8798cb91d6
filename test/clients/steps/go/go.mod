module klamm.test/steps

go 1.26
