using System;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>
/// With SVM and VMX hidden their instructions are undefined, at every privilege (AMD APM vol 3, each instruction's #UD; R-72). RAX is zero.
/// </summary>
public static unsafe class UndefinedChecks
{
    /// <summary>Runs all, at privilege 0 and 3.</summary>
    public static void Run()
    {
        for (SnippetName name = SnippetName.Vmrun; name <= SnippetName.LockCpuid; name++)
        {
            At("undefined"u8, name, user: false);
            At("undefined-user"u8, name, user: true);
        }

        for (SnippetName name = SnippetName.UserCpuid; name <= SnippetName.UserHlt; name++)
        {
            At("user"u8, name, user: true);
        }
    }

    private static void At(ReadOnlySpan<byte> kind, SnippetName snippet, bool user)
    {
        RunContext* context = Runner.Prepare(snippet);
        context->Rdi = (ulong)Runner.Scratch;
        if (user)
        {
            context->Rdi = UserSpace.Translate((ulong)Runner.Stack);
            UserSpace.Enter();
            Runner.UsePrivilege3();
        }

        Runner.Run();
        if (user)
        {
            UserSpace.Leave();
        }

        Report.Begin(kind);
        Report.Append(" "u8);
        Report.Append(InstructionName.Of(snippet));
        Report.AppendRun();
        Report.End();
    }
}
