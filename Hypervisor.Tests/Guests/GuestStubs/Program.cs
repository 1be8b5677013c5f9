using System;
using System.IO;
using Hypervisor.Tool.Stubs;

namespace Hypervisor.Guests.Stubs;

/// <summary><c>guest-stubs PROGRAM FILE</c> writes the stubs of one EFI program as a COFF object.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments is not [string program, string file])
        {
            Console.Error.WriteLine("guest-stubs: the name of the program and the file to write are needed");
            return 2;
        }

        StubWriter writer = new();
        InstructionStubs.Write(writer);
        // The constant that compiled frames with buffers check on return.
        writer.Add("__security_cookie", a => a.dq(0));
        if (program == "probe")
        {
            ProbeStubs.Write(writer);
        }
        else if (program == "bench")
        {
            BenchStubs.Write(writer);
        }

        File.WriteAllBytes(file, writer.ToArray());
        return 0;
    }
}
