using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Setup;
using Xunit;

namespace Hypervisor.Tests.Emulators;

/// <summary>A test that runs a Linux guest with drives in QEMU; skipped, with the reason, where something for that is missing.</summary>
public sealed class DriveFactAttribute : FactAttribute
{
    public DriveFactAttribute()
    {
        Skip = Requirements.Emulator(EmulatorKind.Qemu) ?? Requirements.Guest(KernelFlavor.Generic) ?? Requirements.FileSystemCheck();
    }
}
