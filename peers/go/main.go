// A pool of goroutines over net/http: each takes URLs from one channel.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
)

// fetch reads one body to its end, so that its connection can serve again.
func fetch(client *http.Client, url string) error {
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

func feed(path string, urls chan<- string) error {
	defer close(urls)
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		urls <- lines.Text()
	}
	return lines.Err()
}

func main() {
	path := flag.String("urls", "", "a file, one URL a line")
	concurrency := flag.Int("concurrency", 1, "at one time")
	flag.Parse()

	// The default keeps two idle connections a host: all others would be opened anew.
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = *concurrency
	transport.MaxIdleConnsPerHost = *concurrency
	client := &http.Client{Transport: transport}

	urls := make(chan string)
	var failed atomic.Int64
	var workers sync.WaitGroup
	for i := 0; i < *concurrency; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for url := range urls {
				if err := fetch(client, url); err != nil {
					failed.Add(1)
					fmt.Fprintln(os.Stderr, err)
				}
			}
		}()
	}
	err := feed(*path, urls)
	workers.Wait()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if failed.Load() > 0 {
		os.Exit(1)
	}
}
