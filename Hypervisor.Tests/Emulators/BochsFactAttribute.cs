using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Setup;
using Xunit;

namespace Hypervisor.Tests.Emulators;

/// <summary>A test that runs a machine in Bochs; skipped, with the reason, where something for that is missing.</summary>
public sealed class BochsFactAttribute : FactAttribute
{
    private bool _hypervisor;

    public BochsFactAttribute()
    {
        Hypervisor = false;
    }

    /// <summary>Whether the test needs the hypervisor's image.</summary>
    public bool Hypervisor
    {
        get => _hypervisor;
        set
        {
            _hypervisor = value;
            Skip = Requirements.Emulator(EmulatorKind.Bochs) ?? Requirements.Guest(KernelFlavor.Cloud) ?? Requirements.Built(w => w.Launcher, w => w.AcpiTables, w => w.Probe)
                ?? Requirements.Hypervisor(value);
        }
    }
}
