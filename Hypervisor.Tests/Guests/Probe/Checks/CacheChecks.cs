using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>
/// INVD does not fault, and what was written before survives (the host makes it WBINVD, R-72). On bare hardware INVD may lose the write:
/// this check is for emulators, which have no cache.
/// </summary>
public static unsafe class CacheChecks
{
    private const ulong Pattern = 0x1122_3344_5566_7788;

    /// <summary>Runs it.</summary>
    public static void Run()
    {
        RunContext* context = Runner.Prepare(SnippetName.StoreInvdLoad);
        context->Rax = Pattern;
        context->Rdi = (ulong)Runner.Scratch;
        Runner.Run();
        Report.Begin("invd-keeps-memory"u8);
        Report.AppendRun();
        Report.AppendField("read"u8, context->Rbx);
        Report.End();
    }
}
