using System.Runtime.Intrinsics.X86;

namespace Hypervisor.Tests.Unit.Cryptography;

/// <summary>A test that executes AES instructions on this host; skipped, with the reason, where that cannot be.</summary>
public sealed class AesFactAttribute : LinuxFactAttribute
{
    public AesFactAttribute()
    {
        Skip ??= Aes.IsSupported ? null : "This processor has no AES instructions.";
    }
}
