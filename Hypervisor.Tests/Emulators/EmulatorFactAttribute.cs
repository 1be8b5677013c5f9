using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Setup;
using Xunit;

namespace Hypervisor.Tests.Emulators;

/// <summary>A test that runs a Linux guest in QEMU; skipped, with the reason, where something for that is missing.</summary>
public sealed class EmulatorFactAttribute : FactAttribute
{
    private static readonly string? _reason = Requirements.Emulator(EmulatorKind.Qemu) ?? Requirements.Guest(KernelFlavor.Cloud);

    public EmulatorFactAttribute()
    {
        Skip = _reason;
    }
}
