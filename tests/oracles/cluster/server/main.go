// Command server is a whole Kubernetes control plane for tests, reduced to what answers requests: kube-apiserver and the
// etcd behind it, in one process, on loopback.
//
//	server DIR
//
// Everything it writes is in DIR, which must be empty. Once it serves it prints "ready" and the path of a kubeconfig
// whose user may do everything. It ends on a signal, or when its standard input closes, so it never outlives its parent.
//
// Nothing acts on what is stored: no controllers, no scheduler, no kubelet. A Deployment gets its defaults but never a
// pod, and a deleted Namespace stays in Terminating.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/keyutil"
	"k8s.io/component-base/featuregate"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// The port and the data are reachable from this machine alone, and hold nothing but test objects.
const token = "test"

func main() {
	ctx := server.SetupSignalContext()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0) // nothing is worth a graceful end: the caller throws DIR away
	}()
	if err := run(ctx, os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, dir string) error {
	etcd, err := startEtcd(filepath.Join(dir, "etcd"))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := writeKubeconfig(kubeconfig, "https://"+listener.Addr().String(), filepath.Join(dir, "apiserver.crt")); err != nil {
		return err
	}
	completed, err := configure(ctx, dir, etcd, listener)
	if err != nil {
		return err
	}
	go announce(ctx, kubeconfig)
	return app.Run(ctx, completed)
}

// startEtcd returns the address of a one-member etcd that trades durability for speed.
func startEtcd(dir string) (string, error) {
	config := embed.NewConfig()
	config.Dir, config.UnsafeNoFsync, config.LogLevel = dir, true, "error"
	config.EnableGRPCGateway = false
	free := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config.ListenClientUrls, config.AdvertiseClientUrls = free, free
	config.ListenPeerUrls, config.AdvertisePeerUrls = free, free
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return "", err
	}
	<-etcd.Server.ReadyNotify()
	return "http://" + etcd.Clients[0].Addr().String(), nil
}

// configure gives the options of a stock kube-apiserver, less what needs a machine, a network or a controller.
func configure(ctx context.Context, dir, etcd string, listener net.Listener) (options.CompletedOptions, error) {
	key, tokens := filepath.Join(dir, "account.key"), filepath.Join(dir, "tokens.csv")
	pem, err := keyutil.MakeEllipticPrivateKeyPEM()
	if err == nil {
		err = errors.Join(os.WriteFile(key, pem, 0o600), os.WriteFile(tokens, []byte(token+",admin,1,system:masters\n"), 0o600))
	}
	if err != nil {
		return options.CompletedOptions{}, err
	}
	all := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range all.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse([]string{
		"--etcd-servers=" + etcd,
		"--advertise-address=127.0.0.1",
		"--cert-dir=" + dir,
		"--token-auth-file=" + tokens,
		"--authorization-mode=AlwaysAllow",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + key,
		"--service-account-signing-key-file=" + key,
		"--service-cluster-ip-range=10.0.0.0/16",
		"--endpoint-reconciler-type=none",
		"--enable-priority-and-fairness=false",
		"--disable-admission-plugins=ServiceAccount", // a controller would make each namespace's default account
	}); err != nil {
		return options.CompletedOptions{}, err
	}
	all.SecureServing.Listener = listener
	all.SecureServing.BindPort = listener.Addr().(*net.TCPAddr).Port
	if err := featuregate.DefaultComponentGlobalsRegistry.Set(); err != nil {
		return options.CompletedOptions{}, err
	}
	completed, err := all.Complete(ctx)
	if err != nil {
		return completed, err
	}
	return completed, errors.Join(completed.Validate()...)
}

func writeKubeconfig(path, address, authority string) error {
	config := api.NewConfig()
	config.Clusters["test"] = &api.Cluster{Server: address, CertificateAuthority: authority}
	config.AuthInfos["admin"] = &api.AuthInfo{Token: token}
	config.Contexts["test"] = &api.Context{Cluster: "test", AuthInfo: "admin"}
	config.CurrentContext = "test"
	return clientcmd.WriteToFile(*config, path)
}

// announce says so when the server that the kubeconfig names is ready.
func announce(ctx context.Context, kubeconfig string) {
	_ = wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
		if err != nil {
			return false, nil
		}
		config.WarningHandler = rest.NoWarnings{}
		client, err := kubernetes.NewForConfig(config)
		if err != nil {
			return false, nil // the certificate is not there yet
		}
		return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error() == nil, nil
	})
	fmt.Println("ready", kubeconfig)
}
