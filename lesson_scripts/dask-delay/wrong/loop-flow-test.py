# Wrong: the test is delayed, too.
from time import sleep

from dask import delayed


def inc(x):
  sleep(1)
  return x + 1


def double(x):
  sleep(1)
  return x * 2


def is_even(x):
  return x % 2 == 0


def main():
  data = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

  results = []
  for x in data:
    if delayed(is_even)(x):
      y = delayed(double)(x)
    else:
      y = delayed(inc)(x)
    results.append(y)

  total = delayed(sum)(results)
  print("total is " + str(total.compute()))


if __name__ == "__main__":
  main()
