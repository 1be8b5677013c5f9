using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Host;

/// <summary>
/// The page below 1 MiB from which processors come into the host: one of the guest's, borrowed while a processor starts, or while the machine sleeps, and put back before the
/// guest goes on.
/// </summary>
public static unsafe class StartupPage
{
    /// <summary>Puts the start-up code into the page.</summary>
    public static void Borrow(MachineData* machine)
    {
        byte* page = GuestView.Pointer(machine->LowPage);
        Copy((byte*)machine->TrampolineBackup, page);
        Copy(page, (byte*)machine->TrampolineImage);
    }

    /// <summary>Puts the guest's contents back.</summary>
    public static void GiveBack(MachineData* machine) => Copy(GuestView.Pointer(machine->LowPage), (byte*)machine->TrampolineBackup);

    private static void Copy(byte* to, byte* from)
    {
        for (int i = 0; i < TrampolineLayout.Size / sizeof(ulong); i++)
        {
            ((ulong*)to)[i] = ((ulong*)from)[i];
        }
    }
}
